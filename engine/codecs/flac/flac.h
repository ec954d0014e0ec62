/* What the files of the FLAC encoder share; each is the native form of the Python module with its name. */

#include <stddef.h>
#include <stdint.h>

#include "bits.h"

/* Compiled twice, and chosen when the kernel is loaded: integers and exact sums are the same either way. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

#define MAX_BLOCK 4608
#define MAX_ORDER 12
#define MAX_PARTITION_ORDER 6
#define MAX_PARTS (1 << MAX_PARTITION_ORDER)
#define MAX_PREDICTORS 9
#define WINDOWS 6  /* a block, its halves and its thirds have up to 5 lengths */
#define PADDING 16 /* zeros before and after a windowed block: as many as the lags, and whole vectors */

typedef struct {
    int order, shift;
    int32_t coefficients[MAX_ORDER];
} Predictor;

typedef struct {
    uint64_t bits;
    int partition_order;
    uint8_t parameters[MAX_PARTS];
} RiceCode;

typedef struct {
    size_t length;
    double energy;
    int32_t weights[MAX_BLOCK];
} Window;

/* All zeros before the first use. */
typedef struct {
    Window windows[WINDOWS];
    int used_windows;
    double windowed[PADDING + MAX_BLOCK + PADDING];
} PredictionMemory;

static inline uint32_t amount_of(int32_t residual) { return residual < 0 ? 0u - (uint32_t)residual : (uint32_t)residual; }

uint64_t rice_estimate(const int32_t *residuals, size_t samples, int order);
void rice_best_code(const int32_t *residuals, size_t samples, int order, RiceCode *best);
void rice_write(const int32_t *residuals, size_t samples, int order, const RiceCode *code, Bits *out);

int precision_of(size_t samples);
int find_predictors(PredictionMemory *memory, const int32_t *samples, size_t count, int sample_bits, Predictor *out);
void predict(const int32_t *samples, size_t count, const Predictor *by, int32_t *out);

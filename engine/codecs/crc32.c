/* The crc32 of zlib for the native kernel, by multiplication without carries: a seventh to a third of zlib's time.

   Bytes at the front are replaced by fewer ones with the same remainder, first 128 and then 64 at a time, until few are
   left for a table. Method: Gopal and others, Fast CRC Computation for Generic Polynomials Using PCLMULQDQ, Intel 2009. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#include "kernel.h"

#define POLYNOMIAL 0xEDB88320u /* reflected: bit 31 is the constant term */
#define LONG (64 * 1024)       /* of shorter data, the lock of the interpreter would take longer than the sum */

#if defined(__x86_64__) && (defined(__clang__) || __GNUC__ >= 9)
#define HAS_MULTIPLICATION 1
#include <immintrin.h>
#endif

static uint32_t steps[256]; /* the register after a byte */

/* Called with the interpreter's lock held. */
static void make_steps(void) {
    for (uint32_t number = 0; !steps[255] && number < 256; number++) {
        uint32_t value = number;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? POLYNOMIAL : 0);
        steps[number] = value;
    }
}

static uint32_t by_table(const uint8_t *data, size_t size, uint32_t value) {
    for (; size; data++, size--)
        value = value >> 8 ^ steps[(value ^ *data) & 0xFF];
    return value;
}

#ifdef HAS_MULTIPLICATION

#define NARROW 64 /* bytes that the four registers of a loop hold */
#define WIDE 128

typedef struct {
    int is_made, is_narrow, is_wide; /* what the processor can do */
    uint64_t wide[2], narrow[2], last[2];
} Folding;

static Folding folding;

/* The remainder of x to this power, at least 32, as a factor of reflected data: one place up, because the product of
   two reflected numbers is one place down. */
static uint64_t power_of_x(unsigned exponent) {
    uint32_t value = 0x80000000u;
    for (; exponent; exponent--)
        value = value >> 1 ^ (value & 1 ? POLYNOMIAL : 0);
    return (uint64_t)value << 1;
}

/* The factors that move the first and the last 8 of 16 bytes on by a number of bytes. */
static void make_factors(uint64_t *factors, unsigned distance) {
    factors[0] = power_of_x(8 * distance + 32);
    factors[1] = power_of_x(8 * distance - 32);
}

/* Called with the interpreter's lock held. */
static void make_folding(void) {
    if (folding.is_made)
        return;
    make_factors(folding.wide, WIDE);
    make_factors(folding.narrow, NARROW);
    make_factors(folding.last, sizeof(__m128i));
    folding.is_narrow = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse2");
    folding.is_wide = folding.is_narrow && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("vpclmulqdq");
    folding.is_made = 1;
}

__attribute__((target("pclmul,sse2"))) static inline __m128i moved(__m128i data, __m128i factors) {
    return _mm_xor_si128(_mm_clmulepi64_si128(data, factors, 0x00), _mm_clmulepi64_si128(data, factors, 0x11));
}

/* Replace the whole NARROW pieces of the data, at least one, by 16 bytes. */
__attribute__((target("pclmul,sse2"))) static void fold_narrow(const uint8_t *data, size_t size, uint32_t value,
                                                               uint8_t *out) {
    __m128i sums[4], factors = _mm_loadu_si128((const __m128i *)folding.narrow);
    for (int each = 0; each < 4; each++)
        sums[each] = _mm_loadu_si128((const __m128i *)data + each);
    sums[0] = _mm_xor_si128(sums[0], _mm_cvtsi32_si128((int)value));
    for (data += NARROW, size -= NARROW; size >= NARROW; data += NARROW, size -= NARROW)
        for (int each = 0; each < 4; each++)
            sums[each] = _mm_xor_si128(moved(sums[each], factors), _mm_loadu_si128((const __m128i *)data + each));
    factors = _mm_loadu_si128((const __m128i *)folding.last);
    for (int each = 1; each < 4; each++)
        sums[each] = _mm_xor_si128(sums[each], moved(sums[each - 1], factors));
    _mm_storeu_si128((__m128i *)out, sums[3]);
}

__attribute__((target("avx2,vpclmulqdq"))) static inline __m256i moved_wide(__m256i data, __m256i factors) {
    return _mm256_xor_si256(_mm256_clmulepi64_epi128(data, factors, 0x00),
                            _mm256_clmulepi64_epi128(data, factors, 0x11));
}

/* Replace the whole WIDE pieces of the data, at least one, by one. */
__attribute__((target("avx2,vpclmulqdq"))) static void fold_wide(const uint8_t *data, size_t size, uint32_t value,
                                                                 uint8_t *out) {
    __m256i sums[4], factors = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)folding.wide));
    for (int each = 0; each < 4; each++)
        sums[each] = _mm256_loadu_si256((const __m256i *)data + each);
    sums[0] = _mm256_xor_si256(sums[0], _mm256_zextsi128_si256(_mm_cvtsi32_si128((int)value)));
    for (data += WIDE, size -= WIDE; size >= WIDE; data += WIDE, size -= WIDE)
        for (int each = 0; each < 4; each++)
            sums[each] =
                _mm256_xor_si256(moved_wide(sums[each], factors), _mm256_loadu_si256((const __m256i *)data + each));
    for (int each = 0; each < 4; each++)
        _mm256_storeu_si256((__m256i *)out + each, sums[each]);
}

int crc32_is_fast(void) {
    make_steps();
    make_folding();
    return folding.is_narrow;
}

uint32_t crc32_of(const uint8_t *data, size_t size, uint32_t value, int is_wide) {
    uint8_t piece[WIDE], rest[sizeof(__m128i)];
    value = ~value;
    if (is_wide && folding.is_wide && size >= WIDE) {
        fold_wide(data, size, value, piece);
        fold_narrow(piece, WIDE, 0, rest);
        value = by_table(rest, sizeof rest, 0);
        data += size - size % WIDE, size %= WIDE;
    }
    if (folding.is_narrow && size >= NARROW) {
        fold_narrow(data, size, value, rest);
        value = by_table(rest, sizeof rest, 0);
        data += size - size % NARROW, size %= NARROW;
    }
    return ~by_table(data, size, value);
}

#else

int crc32_is_fast(void) {
    make_steps();
    return 0;
}

uint32_t crc32_of(const uint8_t *data, size_t size, uint32_t value, int is_wide) {
    (void)is_wide;
    return ~by_table(data, size, ~value);
}

#endif

PyObject *crc32_pays(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none)) {
    return PyBool_FromLong(crc32_is_fast());
}

PyObject *crc32_one(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer data;
    unsigned int value = 0;
    int is_wide = 1;
    if (!PyArg_ParseTuple(arguments, "y*|Ip:crc32", &data, &value, &is_wide))
        return NULL;
    crc32_is_fast();
    PyThreadState *thread = data.len < LONG ? NULL : PyEval_SaveThread();
    value = crc32_of(data.buf, (size_t)data.len, value, is_wide);
    if (thread)
        PyEval_RestoreThread(thread);
    PyBuffer_Release(&data);
    return PyLong_FromUnsignedLong(value);
}

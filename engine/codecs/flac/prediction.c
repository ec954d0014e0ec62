/* Linear predictors of a FLAC subframe. They are the same on all machines, so this file must be compiled without
   contraction of floating-point operations (-ffp-contract=off), and calls no mathematical function that rounds. */

#include <float.h>
#include <math.h>
#include <string.h>

#include "flac.h"

#define LEAST_BLOCK 64
#define MAX_SHIFT 15
#define WINDOW_BITS 15
#define DROPPED_BITS 11 /* of a windowed sample; 4 bits of fraction stay */
#define TAPER 4
#define LANES 4

typedef double Lanes __attribute__((vector_size(LANES * sizeof(double))));

typedef struct {
    double lags[MAX_ORDER + 1], energy;
} Spectrum;

int precision_of(size_t samples) {
    static const uint16_t most[] = {192, 384, 576, 1152, 2304, MAX_BLOCK};
    int precision = 0;
    while (samples > most[precision])
        precision++;
    return precision + 7;
}

static const Window *window_of(PredictionMemory *memory, size_t length) {
    for (int number = 0; number < memory->used_windows; number++)
        if (memory->windows[number].length == length)
            return &memory->windows[number];
    if (memory->used_windows == WINDOWS)
        memory->used_windows = 0;
    Window *window = &memory->windows[memory->used_windows++];
    int64_t edge = (int64_t)length / TAPER, energy = 0;
    window->length = length;
    for (size_t place = 0; place < length; place++)
        window->weights[place] = 1 << WINDOW_BITS;
    for (int64_t place = 0; place < edge; place++) {
        int64_t step = 2 * place + 1;
        int64_t weight = (step * step * (6 * edge - 2 * step) << WINDOW_BITS) / (8 * edge * edge * edge);
        window->weights[place] = window->weights[length - 1 - (size_t)place] = (int32_t)weight;
    }
    for (size_t place = 0; place < length; place++) {
        int64_t weight = window->weights[place] >> DROPPED_BITS;
        energy += weight * weight;
    }
    window->energy = (double)energy;
    return window;
}

/* All products and sums are integers below 2^53, so their order does not matter. */
WIDE static void take_spectrum(const int32_t *part, const Window *window, double *windowed, double *lags) {
    size_t length = window->length, whole = (length + LANES - 1) / LANES * LANES;
    for (size_t place = 0; place < length; place++)
        windowed[place] = (part[place] * window->weights[place] + (1 << (DROPPED_BITS - 1))) >> DROPPED_BITS;
    memset(windowed + length, 0, (whole - length) * sizeof *windowed);
    for (int first = 0; first <= MAX_ORDER; first += 7) {
        Lanes sums[7] = {{0}};
        for (size_t place = 0; place < whole; place += LANES) {
            Lanes here, before;
            memcpy(&here, windowed + place, sizeof here);
            for (int number = 0; number < 7; number++) {
                memcpy(&before, windowed + place - first - number, sizeof before);
                sums[number] += here * before;
            }
        }
        for (int number = 0; number < 7 && first + number <= MAX_ORDER; number++) {
            double sum = 0;
            for (int lane = 0; lane < LANES; lane++)
                sum += sums[number][lane];
            lags[first + number] = sum;
        }
    }
}

/* Return the number of spectra: of the block, of its halves and thirds, and of the block without each third. */
static int take_spectra(PredictionMemory *memory, const int32_t *samples, size_t count, Spectrum *out) {
    int found = 0;
    for (size_t parts = 1; parts <= 3; parts++)
        for (size_t number = 0; number < parts; number++) {
            size_t start = count * number / parts, end = count * (number + 1) / parts;
            const Window *window = window_of(memory, end - start);
            take_spectrum(samples + start, window, memory->windowed + PADDING, out[found].lags);
            out[found++].energy = window->energy;
        }
    for (int number = 0; number < 3; number++, found++) {
        for (int lag = 0; lag <= MAX_ORDER; lag++)
            out[found].lags[lag] = out[0].lags[lag] - out[found - 3].lags[lag];
        out[found].energy = out[0].energy - out[found - 3].energy;
    }
    return found;
}

static int levinson(const double *lags, double rows[MAX_ORDER][MAX_ORDER], double *errors) {
    double error = lags[0];
    for (int order = 0; order < MAX_ORDER; order++) {
        const double *before = order ? rows[order - 1] : NULL;
        if (error <= 0.0)
            return order;
        double reflection = lags[order + 1];
        for (int place = 0; place < order; place++)
            reflection -= before[place] * lags[order - place];
        reflection /= error;
        for (int place = 0; place < order; place++)
            rows[order][place] = before[place] - reflection * before[order - 1 - place];
        rows[order][order] = reflection;
        error *= 1.0 - reflection * reflection;
        if (error < 0.0)
            return order;
        errors[order] = error;
    }
    return MAX_ORDER;
}

static double binary_logarithm(double number) {
    int exponent;
    double mantissa = frexp(number, &exponent), root = 0.7071067811865476;
    double ratio = (mantissa - root) / (mantissa + root), square = ratio * ratio;
    double series = ratio * (2.8853900817779268 + square * (0.9617966939259756 + square * (0.5770780163555854
                    + square * 0.4121985831111324)));
    return (double)exponent - 0.5 + series;
}

static int best_order(const double *errors, int orders, double energy, size_t samples, int bits_per_order) {
    double least = DBL_MAX;
    int best = 1;
    for (int order = 1; order <= orders; order++) {
        double error = errors[order - 1];
        double bits = error > 0.0 ? 0.5 * binary_logarithm(0.5 * error / energy) : 0.0;
        double total = (bits > 0.0 ? bits : 0.0) * (double)(samples - (size_t)order) + (double)(order * bits_per_order);
        if (total < least) {
            least = total;
            best = order;
        }
    }
    return best;
}

/* Return 0 if the coefficients have no such form. */
static int quantise(const double *row, int order, int precision, Predictor *out) {
    double largest = 0.0, rest = 0.0;
    int exponent, limit = 1 << (precision - 1);
    for (int place = 0; place < order; place++)
        largest = fabs(row[place]) > largest ? fabs(row[place]) : largest;
    if (largest <= 0.0)
        return 0;
    frexp(largest, &exponent);
    if (exponent > precision - 1)
        return 0;
    int shift = precision - 1 - exponent;
    out->order = order;
    out->shift = shift < MAX_SHIFT ? shift : MAX_SHIFT;
    for (int place = 0; place < order; place++) {
        rest += row[place] * (double)(1 << out->shift);
        double rounded = floor(rest + 0.5);
        rounded = rounded < -limit ? -limit : rounded > limit - 1 ? limit - 1 : rounded;
        out->coefficients[place] = (int32_t)rounded;
        rest -= rounded;
    }
    return 1;
}

/* The sums stay below 2^31: samples of 17 bits, coefficients of 12, 12 of them. */
static inline __attribute__((always_inline)) void predict_by(const int32_t *restrict samples, size_t count,
                                                             const Predictor *by, int order, int32_t *restrict out) {
    int32_t coefficients[MAX_ORDER];
    for (int place = 0; place < order; place++)
        coefficients[place] = by->coefficients[place];
    int shift = by->shift;
    for (size_t place = (size_t)order; place < count; place++) {
        int32_t sum = 0;
        for (int back = 0; back < order; back++)
            sum += coefficients[back] * samples[place - 1 - (size_t)back];
        out[place - (size_t)order] = samples[place] - (sum >> shift);
    }
}

WIDE static void predict_widely(const int32_t *samples, size_t count, const Predictor *by, int32_t *out) {
    switch (by->order) {
    case 1: predict_by(samples, count, by, 1, out); break;
    case 2: predict_by(samples, count, by, 2, out); break;
    case 3: predict_by(samples, count, by, 3, out); break;
    case 4: predict_by(samples, count, by, 4, out); break;
    case 5: predict_by(samples, count, by, 5, out); break;
    case 6: predict_by(samples, count, by, 6, out); break;
    case 7: predict_by(samples, count, by, 7, out); break;
    case 8: predict_by(samples, count, by, 8, out); break;
    case 9: predict_by(samples, count, by, 9, out); break;
    case 10: predict_by(samples, count, by, 10, out); break;
    case 11: predict_by(samples, count, by, 11, out); break;
    default: predict_by(samples, count, by, 12, out); break;
    }
}

void predict(const int32_t *samples, size_t count, const Predictor *by, int32_t *out) {
    predict_widely(samples, count, by, out);
}

int find_predictors(PredictionMemory *memory, const int32_t *samples, size_t count, int sample_bits, Predictor *out) {
    int precision = precision_of(count), found = 0;
    Spectrum spectra[MAX_PREDICTORS];
    if (count < LEAST_BLOCK)
        return 0;
    for (int number = 0, taken = take_spectra(memory, samples, count, spectra); number < taken; number++) {
        double rows[MAX_ORDER][MAX_ORDER], errors[MAX_ORDER];
        int orders = levinson(spectra[number].lags, rows, errors);
        if (orders) {
            int order = best_order(errors, orders, spectra[number].energy, count, sample_bits + precision);
            found += quantise(rows[order - 1], order, precision, &out[found]);
        }
    }
    return found;
}

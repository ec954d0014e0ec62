/* FLAC frames of 16-bit stereo for the native kernel. The modules in flac/ do the same in plain Python, name the
   sources, and describe each step; the bytes are the same on all machines. So this file must be compiled without
   contraction of floating-point operations (-ffp-contract=off), and calls no mathematical function but frexp. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crc16.h"
#include "kernel.h"

/* Compiled twice, and chosen when the kernel is loaded: integers and exact sums are the same either way. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

#define SAMPLE_BYTES 4
#define SAMPLE_BITS 16
#define MAX_BLOCK 4608
#define LEAST_BLOCK 64
#define MAX_ORDER 12
#define MAX_FIXED_ORDER 4
#define MAX_SHIFT 15
#define WINDOW_BITS 15
#define DROPPED_BITS 11 /* of a windowed sample; 4 bits of fraction stay */
#define TAPER 4
#define MAX_PARTITION_ORDER 6
#define MAX_PARTS (1 << MAX_PARTITION_ORDER)
#define MAX_PARAMETER 14
#define SMALL (1u << 19) /* MAX_BLOCK numbers below it have a sum of 32 bits */
#define FRAME_SLACK 32
#define WINDOWS 6
#define LANES 4
#define PADDING 16

enum { CONSTANT = 0, VERBATIM = 1, FIXED = 8, LINEAR = 32 };
enum { LEFT, RIGHT, MID, SIDE, CHANNELS };

typedef double Lanes __attribute__((vector_size(LANES * sizeof(double))));

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
    uint64_t bits;
    int kind, sample_bits, wasted, order;
    Predictor predictor;
    RiceCode code;
    int32_t samples[MAX_BLOCK], *residuals, *spare; /* the last two point into `memory` */
    int32_t memory[2][MAX_BLOCK];
} Subframe;

typedef struct {
    double lags[MAX_ORDER + 1], energy;
} Spectrum;

typedef struct {
    size_t length;
    double energy;
    int32_t weights[MAX_BLOCK];
} Window;

/* What a call works with; the list contains the unused ones, and is accessed only with the interpreter's lock held. */
typedef struct Workspace {
    struct Workspace *next;
    Subframe subframes[CHANNELS];
    Window windows[WINDOWS];
    int used_windows;
    double windowed[PADDING + MAX_BLOCK + PADDING];
} Workspace;

typedef struct {
    uint8_t *start, *place;
    uint64_t waiting;
    int count; /* bits that wait, below 32 between two calls */
} Bits;

static Crc16 crc16;
static uint8_t crc8[256];
static int has_tables;
static Workspace *workspaces;

/* Called with the interpreter's lock held. */
static void make_tables(void) {
    if (has_tables)
        return;
    crc16_make(&crc16, 0x8005);
    for (unsigned number = 0; number < 256; number++) {
        unsigned value = number;
        for (int bit = 0; bit < 8; bit++)
            value = value << 1 ^ (value & 0x80 ? 0x107u : 0);
        crc8[number] = (uint8_t)value;
    }
    has_tables = 1;
}

/* ---- bits ---- */

/* Add the lowest bits of a number, at most 32. */
static void add(Bits *out, uint32_t number, int width) {
    out->waiting = out->waiting << width | (number & (uint32_t)(((uint64_t)1 << width) - 1));
    out->count += width;
    if (out->count >= 32) {
        out->count -= 32;
        uint32_t word = (uint32_t)(out->waiting >> out->count);
        uint8_t bytes[4] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8), (uint8_t)word};
        memcpy(out->place, bytes, sizeof bytes);
        out->place += sizeof bytes;
    }
}

static void add_zeros(Bits *out, uint32_t count) {
    for (; count > 32; count -= 32)
        add(out, 0, 32);
    add(out, 0, (int)count);
}

/* Fill the last byte up with zeros and write it. */
static void finish_bits(Bits *out) {
    add(out, 0, -out->count & 7);
    for (; out->count; out->count -= 8)
        *out->place++ = (uint8_t)(out->waiting >> (out->count - 8));
}

/* ---- Rice codes: rice.py ---- */

static uint32_t amount_of(int32_t residual) { return residual < 0 ? 0u - (uint32_t)residual : (uint32_t)residual; }

static uint32_t folded(int32_t residual) { return (uint32_t)residual << 1 ^ (residual < 0 ? UINT32_MAX : 0u); }

static int highest_partition_order(size_t samples, int order) {
    int highest = 0;
    while (highest < MAX_PARTITION_ORDER && samples % ((size_t)2 << highest) == 0 &&
           samples >> (highest + 1) > (size_t)order)
        highest++;
    return highest;
}

WIDE static uint64_t sum_of_amounts(const int32_t *part, size_t count) {
    uint32_t sum = 0, all = 0;
    for (size_t place = 0; place < count; place++) {
        uint32_t amount = amount_of(part[place]);
        sum += amount;
        all |= amount;
    }
    if (all < SMALL)
        return sum;
    uint64_t long_sum = 0;
    for (size_t place = 0; place < count; place++)
        long_sum += amount_of(part[place]);
    return long_sum;
}

static uint64_t estimate_part(uint64_t count, uint64_t amount) {
    if (2 * amount <= count)
        return 4 + count + 2 * amount;
    int parameter = 1;
    while (parameter < MAX_PARAMETER && amount >> parameter > count)
        parameter++;
    return 4 + count + count * (uint64_t)parameter + (2 * amount >> parameter) - (count >> 1);
}

static uint64_t estimate_bits(const int32_t *residuals, size_t samples, int order) {
    int highest = highest_partition_order(samples, order);
    size_t parts = (size_t)1 << highest, length = samples >> highest;
    uint64_t counts[MAX_PARTS], amounts[MAX_PARTS], best = UINT64_MAX;
    for (size_t part = 0; part < parts; part++) {
        counts[part] = part ? length : length - (size_t)order;
        amounts[part] = sum_of_amounts(residuals, counts[part]);
        residuals += counts[part];
    }
    for (;; parts /= 2) {
        uint64_t bits = 0;
        for (size_t part = 0; part < parts; part++)
            bits += estimate_part(counts[part], amounts[part]);
        if (bits < best)
            best = bits;
        if (parts == 1)
            return best + 6;
        for (size_t part = 0; part < parts / 2; part++) {
            counts[part] = counts[2 * part] + counts[2 * part + 1];
            amounts[part] = amounts[2 * part] + amounts[2 * part + 1];
        }
    }
}

WIDE static uint64_t length_with(const int32_t *part, size_t count, int parameter) {
    uint32_t sum = 0, all = 0;
    for (size_t place = 0; place < count; place++) {
        uint32_t number = folded(part[place]);
        sum += number >> parameter;
        all |= number;
    }
    uint64_t long_sum = sum;
    if (all >= SMALL) {
        long_sum = 0;
        for (size_t place = 0; place < count; place++)
            long_sum += folded(part[place]) >> parameter;
    }
    return long_sum + (uint64_t)count * (uint64_t)(parameter + 1);
}

/* The lengths of a part; each is taken when it is asked for first. */
typedef struct {
    const int32_t *numbers;
    size_t count;
    uint64_t lengths[MAX_PARAMETER + 1]; /* 0: not yet taken; a part of 0 numbers is taken each time */
} Part;

static uint64_t part_length(Part *part, int parameter) {
    if (!part->lengths[parameter])
        part->lengths[parameter] = length_with(part->numbers, part->count, parameter);
    return part->lengths[parameter];
}

/* Return the least parameter of those with the shortest length. The lengths fall up to it and never fall again, because
   a further bit of the parameter saves less than the one before. */
static int best_parameter(Part *part) {
    uint64_t amount = sum_of_amounts(part->numbers, part->count);
    int parameter = 0;
    while (parameter < MAX_PARAMETER && amount >> parameter > part->count)
        parameter++;
    while (parameter < MAX_PARAMETER && part_length(part, parameter + 1) < part_length(part, parameter))
        parameter++;
    while (parameter && part_length(part, parameter - 1) <= part_length(part, parameter))
        parameter--;
    return parameter;
}

static void best_code(const int32_t *residuals, size_t samples, int order, RiceCode *best) {
    int highest = highest_partition_order(samples, order), least = MAX_PARAMETER, most = 0;
    size_t parts = (size_t)1 << highest, length = samples >> highest;
    Part found[MAX_PARTS];
    memset(found, 0, sizeof(Part) * parts);
    for (size_t number = 0; number < parts; number++) {
        found[number].numbers = residuals;
        found[number].count = number ? length : length - (size_t)order;
        residuals += found[number].count;
        int parameter = best_parameter(&found[number]);
        least = parameter < least ? parameter : least;
        most = parameter > most ? parameter : most;
    }
    /* The best parameter of several parts lies between theirs. */
    for (size_t number = 0; number < parts; number++)
        for (int parameter = least; parameter <= most; parameter++)
            part_length(&found[number], parameter);
    best->bits = UINT64_MAX;
    for (int partition_order = highest;; partition_order--, parts /= 2) {
        uint64_t bits = 6 + 4 * (uint64_t)parts;
        uint8_t parameters[MAX_PARTS];
        for (size_t number = 0; number < parts; number++) {
            int parameter = least;
            for (int other = least + 1; other <= most; other++)
                if (found[number].lengths[other] < found[number].lengths[parameter])
                    parameter = other;
            parameters[number] = (uint8_t)parameter;
            bits += found[number].lengths[parameter];
        }
        if (bits <= best->bits) {
            best->bits = bits;
            best->partition_order = partition_order;
            memcpy(best->parameters, parameters, parts);
        }
        if (!partition_order)
            return;
        for (size_t number = 0; number < parts / 2; number++)
            for (int parameter = least; parameter <= most; parameter++)
                found[number].lengths[parameter] =
                    found[2 * number].lengths[parameter] + found[2 * number + 1].lengths[parameter];
    }
}

static void write_code(const int32_t *residuals, size_t samples, int order, const RiceCode *code, Bits *out) {
    size_t length = samples >> code->partition_order;
    add(out, (uint32_t)code->partition_order, 6);
    for (size_t part = 0; part < (size_t)1 << code->partition_order; part++) {
        int parameter = code->parameters[part];
        uint32_t mark = (uint32_t)1 << parameter;
        add(out, (uint32_t)parameter, 4);
        for (size_t count = part ? length : length - (size_t)order; count; count--) {
            uint32_t number = folded(*residuals++), zeros = number >> parameter;
            if (zeros > 16) {
                add_zeros(out, zeros);
                zeros = 0;
            }
            add(out, mark | (number & (mark - 1)), (int)zeros + 1 + parameter);
        }
    }
}

/* ---- predictors: prediction.py ---- */

static int precision_of(size_t samples) {
    static const uint16_t most[] = {192, 384, 576, 1152, 2304, MAX_BLOCK};
    int precision = 0;
    while (samples > most[precision])
        precision++;
    return precision + 7;
}

static const Window *window_of(Workspace *work, size_t length) {
    for (int number = 0; number < work->used_windows; number++)
        if (work->windows[number].length == length)
            return &work->windows[number];
    if (work->used_windows == WINDOWS)
        work->used_windows = 0;
    Window *window = &work->windows[work->used_windows++];
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
static int take_spectra(Workspace *work, const int32_t *samples, size_t count, Spectrum *out) {
    int found = 0;
    for (size_t parts = 1; parts <= 3; parts++)
        for (size_t number = 0; number < parts; number++) {
            size_t start = count * number / parts, end = count * (number + 1) / parts;
            const Window *window = window_of(work, end - start);
            take_spectrum(samples + start, window, work->windowed + PADDING, out[found].lags);
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

WIDE static void predict(const int32_t *samples, size_t count, const Predictor *by, int32_t *out) {
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

/* ---- subframes: subframes.py ---- */

/* Return the order of the best fixed predictor. */
WIDE static int best_fixed(const int32_t *samples, size_t count) {
    uint64_t sums[MAX_FIXED_ORDER + 1] = {0};
    for (size_t place = MAX_FIXED_ORDER; place < count; place++) {
        const int32_t *at = samples + place;
        sums[0] += amount_of(at[0]);
        sums[1] += amount_of(at[0] - at[-1]);
        sums[2] += amount_of(at[0] - 2 * at[-1] + at[-2]);
        sums[3] += amount_of(at[0] - 3 * at[-1] + 3 * at[-2] - at[-3]);
        sums[4] += amount_of(at[0] - 4 * at[-1] + 6 * at[-2] - 4 * at[-3] + at[-4]);
    }
    int best = 0;
    for (int order = 1; order <= MAX_FIXED_ORDER; order++)
        if (sums[order] < sums[best])
            best = order;
    return best;
}

static uint64_t predicted_bits(int order, int sample_bits, const Predictor *predictor, size_t samples) {
    int linear_bits = predictor ? 4 + 5 + order * precision_of(samples) : 0;
    return (uint64_t)(8 + order * sample_bits + linear_bits);
}

static void take_best(Subframe *frame, uint64_t bits, int kind, const Predictor *predictor, int order) {
    int32_t *residuals = frame->spare;
    frame->bits = bits;
    frame->kind = kind;
    frame->order = order;
    if (predictor)
        frame->predictor = *predictor;
    frame->spare = frame->residuals;
    frame->residuals = residuals;
}

static void try_linear(Workspace *work, Subframe *frame, size_t count) {
    int precision = precision_of(count);
    Spectrum spectra[9];
    for (int number = 0, found = take_spectra(work, frame->samples, count, spectra); number < found; number++) {
        double rows[MAX_ORDER][MAX_ORDER], errors[MAX_ORDER];
        Predictor predictor;
        int orders = levinson(spectra[number].lags, rows, errors);
        if (!orders)
            continue;
        int order = best_order(errors, orders, spectra[number].energy, count, frame->sample_bits + precision);
        if (!quantise(rows[order - 1], order, precision, &predictor))
            continue;
        predict(frame->samples, count, &predictor, frame->spare);
        uint64_t bits = predicted_bits(order, frame->sample_bits, &predictor, count) +
                        estimate_bits(frame->spare, count, order);
        if (bits < frame->bits)
            take_best(frame, bits, LINEAR + order - 1, &predictor, order);
    }
}

/* Shift the samples by their wasted bits; return whether all are equal. */
static int take_wasted(Subframe *frame, size_t count, int sample_bits) {
    int32_t all = 0, is_constant = 1;
    for (size_t place = 0; place < count; place++) {
        all |= frame->samples[place];
        is_constant &= frame->samples[place] == frame->samples[0];
    }
    frame->wasted = 0;
    while (all && !(all >> frame->wasted & 1))
        frame->wasted++;
    for (size_t place = 0; frame->wasted && place < count; place++)
        frame->samples[place] >>= frame->wasted;
    frame->sample_bits = sample_bits - frame->wasted;
    return is_constant;
}

static void best_subframe(Workspace *work, Subframe *frame, size_t count, int sample_bits) {
    static const Predictor fixed[] = {
        {0, 0, {0}}, {1, 0, {1}}, {2, 0, {2, -1}}, {3, 0, {3, -3, 1}}, {4, 0, {4, -6, 4, -1}}};
    frame->residuals = frame->memory[0];
    frame->spare = frame->memory[1];
    if (take_wasted(frame, count, sample_bits)) {
        frame->kind = CONSTANT;
        frame->bits = (uint64_t)(8 + frame->wasted + frame->sample_bits);
        return;
    }
    int order = best_fixed(frame->samples, count);
    if (order)
        predict(frame->samples, count, &fixed[order], frame->spare);
    else
        memcpy(frame->spare, frame->samples, count * sizeof *frame->samples);
    uint64_t bits = predicted_bits(order, frame->sample_bits, NULL, count) + estimate_bits(frame->spare, count, order);
    take_best(frame, bits, FIXED + order, NULL, order);
    if (count >= LEAST_BLOCK)
        try_linear(work, frame, count);
    best_code(frame->residuals, count, frame->order, &frame->code);
    frame->bits = predicted_bits(frame->order, frame->sample_bits,
                                 frame->kind >= LINEAR ? &frame->predictor : NULL, count) +
                  (uint64_t)frame->wasted + frame->code.bits;
    uint64_t verbatim_bits = 8 + (uint64_t)frame->wasted + (uint64_t)frame->sample_bits * count;
    if (frame->bits >= verbatim_bits) {
        frame->bits = verbatim_bits;
        frame->kind = VERBATIM;
    }
}

static void write_subframe(const Subframe *frame, size_t count, Bits *out) {
    add(out, (uint32_t)(frame->kind << 1 | (frame->wasted > 0)), 8);
    if (frame->wasted)
        add(out, 1, frame->wasted);
    size_t plain = frame->kind == CONSTANT ? 1 : frame->kind == VERBATIM ? count : (size_t)frame->order;
    for (size_t place = 0; place < plain; place++)
        add(out, (uint32_t)frame->samples[place], frame->sample_bits);
    if (frame->kind >= LINEAR) {
        int precision = precision_of(count);
        add(out, (uint32_t)(precision - 1), 4);
        add(out, (uint32_t)frame->predictor.shift, 5);
        for (int place = 0; place < frame->order; place++)
            add(out, (uint32_t)frame->predictor.coefficients[place], precision);
    }
    if (frame->kind >= FIXED)
        write_code(frame->residuals, count, frame->order, &frame->code, out);
}

/* ---- frames: frames.py ---- */

/* Write a number in the way of UTF-8; return its bytes. */
static size_t write_number(uint32_t number, uint8_t *out) {
    if (number < 0x80) {
        out[0] = (uint8_t)number;
        return 1;
    }
    size_t tail = 1;
    while (number >> (6 * tail) >= 0x40u >> tail)
        tail++;
    out[0] = (uint8_t)(0xFF00 >> (tail + 1) | number >> (6 * tail));
    for (size_t place = 1; place <= tail; place++)
        out[place] = (uint8_t)(0x80 | (number >> (6 * (tail - place)) & 0x3F));
    return tail + 1;
}

static int16_t word_at(const uint8_t *bytes) { return (int16_t)(bytes[0] << 8 | bytes[1]); }

/* Write a frame and return the end of it. */
static uint8_t *write_frame(Workspace *work, const uint8_t *samples, size_t count, uint32_t number, uint8_t *out) {
    static const struct {
        uint8_t code, first, second;
    } pairs[] = {{1, LEFT, RIGHT}, {8, LEFT, SIDE}, {9, SIDE, RIGHT}, {10, MID, SIDE}};
    Subframe *frames = work->subframes;
    for (size_t place = 0; place < count; place++) {
        int32_t left = word_at(samples + SAMPLE_BYTES * place), right = word_at(samples + SAMPLE_BYTES * place + 2);
        frames[LEFT].samples[place] = left;
        frames[RIGHT].samples[place] = right;
        frames[MID].samples[place] = (left + right) >> 1;
        frames[SIDE].samples[place] = left - right;
    }
    for (int channel = LEFT; channel < CHANNELS; channel++)
        best_subframe(work, &frames[channel], count, channel == SIDE ? SAMPLE_BITS + 1 : SAMPLE_BITS);
    int best = 0;
    uint64_t least = UINT64_MAX;
    for (int pair = 0; pair < 4; pair++) {
        uint64_t bits = frames[pairs[pair].first].bits + frames[pairs[pair].second].bits;
        if (bits < least) {
            least = bits;
            best = pair;
        }
    }
    uint8_t *place = out;
    *place++ = 0xFF, *place++ = 0xF8, *place++ = 0x79;
    *place++ = (uint8_t)(pairs[best].code << 4 | 0x08);
    place += write_number(number, place);
    *place++ = (uint8_t)((count - 1) >> 8), *place++ = (uint8_t)(count - 1);
    uint8_t checksum = 0;
    for (const uint8_t *head = out; head < place; head++)
        checksum = crc8[checksum ^ *head];
    *place++ = checksum;
    Bits bits = {place, place, 0, 0};
    write_subframe(&frames[pairs[best].first], count, &bits);
    write_subframe(&frames[pairs[best].second], count, &bits);
    finish_bits(&bits);
    uint16_t last = crc16_of(&crc16, out, (size_t)(bits.place - out), 0);
    *bits.place++ = (uint8_t)(last >> 8), *bits.place++ = (uint8_t)last;
    return bits.place;
}

static size_t encode(Workspace *work, const uint8_t *samples, size_t count, size_t block, uint8_t *out) {
    uint8_t *place = out;
    for (uint32_t number = 0; count; number++) {
        size_t taken = count < block ? count : block;
        place = write_frame(work, samples, taken, number, place);
        samples += SAMPLE_BYTES * taken, count -= taken;
    }
    return (size_t)(place - out);
}

/* Take a workspace from the list, or make one; NULL without memory. */
static Workspace *take_workspace(void) {
    Workspace *work = workspaces;
    if (work)
        workspaces = work->next;
    return work ? work : calloc(1, sizeof *work);
}

PyObject *flac_encode(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer samples;
    Py_ssize_t block;
    PyObject *frames = NULL;
    if (!PyArg_ParseTuple(arguments, "y*n:flac_encode", &samples, &block))
        return NULL;
    size_t count = (size_t)samples.len / SAMPLE_BYTES;
    if (samples.len % SAMPLE_BYTES || block < 1 || block > MAX_BLOCK) {
        PyErr_Format(PyExc_ValueError, "expected samples of %d bytes and blocks of 1 to %d", SAMPLE_BYTES, MAX_BLOCK);
    } else {
        /* No frame is longer than one of verbatim subframes. */
        size_t most = (size_t)samples.len + (count / (size_t)block + 1) * FRAME_SLACK;
        uint8_t *out = malloc(most);
        make_tables();
        Workspace *work = take_workspace();
        if (out && work) {
            PyThreadState *thread = PyEval_SaveThread();
            size_t used = encode(work, samples.buf, count, (size_t)block, out);
            PyEval_RestoreThread(thread);
            frames = PyBytes_FromStringAndSize((char *)out, (Py_ssize_t)used);
        } else {
            PyErr_NoMemory();
        }
        if (work) {
            work->next = workspaces;
            workspaces = work;
        }
        free(out);
    }
    PyBuffer_Release(&samples);
    return frames;
}

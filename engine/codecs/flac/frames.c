/* FLAC frames of 16-bit stereo for the native kernel. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "../checksums.h"
#include "../kernel.h"
#include "flac.h"

#define SAMPLE_BYTES 4
#define SAMPLE_BITS 16
#define MAX_FIXED_ORDER 4
#define FRAME_SLACK 32

enum { CONSTANT = 0, VERBATIM = 1, FIXED = 8, LINEAR = 32 };
enum { LEFT, RIGHT, MID, SIDE, CHANNELS };

typedef struct {
    uint64_t bits;
    int kind, sample_bits, wasted, order;
    Predictor predictor;
    RiceCode code;
    int32_t samples[MAX_BLOCK], *residuals, *spare; /* the last two point into `memory` */
    int32_t memory[2][MAX_BLOCK];
} Subframe;

/* What a call works with; the list contains the unused ones, and is accessed only with the interpreter's lock held. */
typedef struct Workspace {
    struct Workspace *next;
    Subframe subframes[CHANNELS];
    PredictionMemory prediction;
} Workspace;

static FlacChecksums checksums;
static Workspace *workspaces;

/* ---- subframes.py ---- */

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

static void try_linear(PredictionMemory *memory, Subframe *frame, size_t count) {
    Predictor predictors[MAX_PREDICTORS];
    int found = find_predictors(memory, frame->samples, count, frame->sample_bits, predictors);
    for (const Predictor *each = predictors; each < predictors + found; each++) {
        predict(frame->samples, count, each, frame->spare);
        uint64_t bits = predicted_bits(each->order, frame->sample_bits, each, count) +
                        rice_estimate(frame->spare, count, each->order);
        if (bits < frame->bits)
            take_best(frame, bits, LINEAR + each->order - 1, each, each->order);
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

static void best_subframe(PredictionMemory *memory, Subframe *frame, size_t count, int sample_bits) {
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
    uint64_t bits = predicted_bits(order, frame->sample_bits, NULL, count) + rice_estimate(frame->spare, count, order);
    take_best(frame, bits, FIXED + order, NULL, order);
    try_linear(memory, frame, count);
    rice_best_code(frame->residuals, count, frame->order, &frame->code);
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
    bits_add(out, (uint32_t)(frame->kind << 1 | (frame->wasted > 0)), 8);
    if (frame->wasted)
        bits_add(out, 1, frame->wasted);
    size_t plain = frame->kind == CONSTANT ? 1 : frame->kind == VERBATIM ? count : (size_t)frame->order;
    for (size_t place = 0; place < plain; place++)
        bits_add(out, (uint32_t)frame->samples[place], frame->sample_bits);
    if (frame->kind >= LINEAR) {
        int precision = precision_of(count);
        bits_add(out, (uint32_t)(precision - 1), 4);
        bits_add(out, (uint32_t)frame->predictor.shift, 5);
        for (int place = 0; place < frame->order; place++)
            bits_add(out, (uint32_t)frame->predictor.coefficients[place], precision);
    }
    if (frame->kind >= FIXED)
        rice_write(frame->residuals, count, frame->order, &frame->code, out);
}

/* ---- frames.py ---- */

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
        best_subframe(&work->prediction, &frames[channel], count, channel == SIDE ? SAMPLE_BITS + 1 : SAMPLE_BITS);
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
    *place = flac_head_checksum(&checksums, out, (size_t)(place - out));
    place++;
    Bits bits = {place, 0, 0};
    write_subframe(&frames[pairs[best].first], count, &bits);
    write_subframe(&frames[pairs[best].second], count, &bits);
    bits_finish(&bits);
    uint16_t last = crc16_of(&checksums.frame, out, (size_t)(bits.place - out), 0);
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
    flac_checksums_make(&checksums);
    return work ? work : calloc(1, sizeof *work);
}

static void return_workspace(Workspace *work) {
    if (work) {
        work->next = workspaces;
        workspaces = work;
    }
}

/* No frame is longer than one of verbatim subframes. */
size_t flac_most_bytes(size_t count, size_t block) {
    return count * SAMPLE_BYTES + (count / block + 1) * FRAME_SLACK;
}

size_t flac_encode_alone(const uint8_t *samples, size_t count, size_t block, uint8_t *out) {
    Workspace *work = take_workspace();
    size_t used = work ? encode(work, samples, count, block, out) : 0;
    return_workspace(work);
    return used;
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
        uint8_t *out = malloc(flac_most_bytes(count, (size_t)block));
        Workspace *work = take_workspace();
        if (out && work) {
            PyThreadState *thread = PyEval_SaveThread();
            size_t used = encode(work, samples.buf, count, (size_t)block, out);
            PyEval_RestoreThread(thread);
            frames = PyBytes_FromStringAndSize((char *)out, (Py_ssize_t)used);
        } else {
            PyErr_NoMemory();
        }
        return_workspace(work);
        free(out);
    }
    PyBuffer_Release(&samples);
    return frames;
}

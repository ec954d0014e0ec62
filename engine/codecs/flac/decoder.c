/* Decodes FLAC frames of 16-bit stereo for the native kernel (RFC 9639, section 9).

   Whatever is not as expected ends the decoding: the caller has the package miniaudio decide what is wrong with it. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../checksums.h"
#include "../kernel.h"

#define SAMPLE_BYTES 4
#define SAMPLE_BITS 16
#define MAX_BLOCK 65536
#define MAX_ORDER 32
#define MAX_FIXED_ORDER 4
#define MAX_NUMBER_BYTES 7
#define PADDING 16 /* zeros after the stored bytes, so that any word of theirs can be read at once */
#define SURE_BITS 57 /* of a word of 64 that begins at any bit */

enum { LEFT_RIGHT = 1, LEFT_SIDE = 8, SIDE_RIGHT = 9, MID_SIDE = 10 };

typedef struct {
    const uint8_t *bytes; /* followed by PADDING */
    uint64_t place, end;  /* in bits; a read beyond the end sets `has_failed` and gives 0 */
    int has_failed;
} Reader;

static FlacChecksums checksums;

/* Return the bits from this place on, at least SURE_BITS of them, in the highest bits of a word. */
static uint64_t word_at(const Reader *in) {
    const uint8_t *bytes = in->bytes + in->place / 8;
    uint64_t word = 0;
    for (int number = 0; number < 8; number++)
        word = word << 8 | bytes[number];
    return word << in->place % 8;
}

static int fail(Reader *in) {
    in->has_failed = 1;
    in->place = in->end;
    return 0;
}

/* Read up to 32 bits. */
static uint32_t read_bits(Reader *in, int width) {
    if (in->end - in->place < (uint64_t)width)
        return (uint32_t)fail(in);
    uint64_t word = width ? word_at(in) >> (64 - width) : 0;
    in->place += (uint64_t)width;
    return (uint32_t)word;
}

static int32_t read_signed(Reader *in, int width) {
    uint32_t number = read_bits(in, width), sign = width ? (uint32_t)1 << (width - 1) : 0;
    return (int32_t)((number ^ sign) - sign);
}

/* Count zeros, and read the bit behind them. */
static uint32_t read_unary(Reader *in) {
    uint32_t zeros = 0;
    while (in->place < in->end) {
        uint64_t word = word_at(in) >> (64 - SURE_BITS) << (64 - SURE_BITS);
        if (word) {
            uint32_t more = (uint32_t)__builtin_clzll(word);
            in->place += more + 1;
            if (in->place > in->end)
                break;
            return zeros + more;
        }
        zeros += SURE_BITS;
        in->place += SURE_BITS;
    }
    return (uint32_t)fail(in);
}

static int32_t read_rice(Reader *in, int parameter) {
    uint64_t word = word_at(in);
    int zeros = word ? __builtin_clzll(word) : 64;
    uint64_t used = (uint64_t)(zeros + 1 + parameter);
    uint64_t number;
    if (used <= SURE_BITS && in->end - in->place >= used) {
        number = (uint64_t)zeros << parameter | (parameter ? word << (zeros + 1) >> (64 - parameter) : 0);
        in->place += used;
    } else {
        number = (uint64_t)read_unary(in) << parameter;
        number |= read_bits(in, parameter);
    }
    if (number > UINT32_MAX)
        return fail(in);
    uint32_t folded = (uint32_t)number;
    return (int32_t)(folded >> 1 ^ (0u - (folded & 1)));
}

static int read_residuals(Reader *in, size_t count, int order, int32_t *out) {
    uint32_t method = read_bits(in, 2), partition_order = read_bits(in, 4);
    int parameter_bits = method == 0 ? 4 : 5, escape = (1 << parameter_bits) - 1;
    size_t length = count >> partition_order;
    if (method > 1 || length << partition_order != count || length < (size_t)order)
        return 0;
    for (size_t part = 0; part < (size_t)1 << partition_order; part++) {
        int parameter = (int)read_bits(in, parameter_bits);
        size_t left = part ? length : length - (size_t)order;
        int width = parameter == escape ? (int)read_bits(in, 5) : 0;
        for (; left && !in->has_failed; left--)
            *out++ = parameter == escape ? read_signed(in, width) : read_rice(in, parameter);
        if (in->has_failed)
            return 0;
    }
    return 1;
}

/* Replace the residuals after the first samples by samples; return 0 if one has too many bits. */
static int add_predictions(int32_t *samples, size_t count, int order, const int32_t *coefficients, int shift,
                           int sample_bits) {
    int64_t limit = (int64_t)1 << (sample_bits - 1);
    for (size_t place = (size_t)order; place < count; place++) {
        int64_t sum = 0;
        for (int back = 0; back < order; back++)
            sum += (int64_t)coefficients[back] * samples[place - 1 - (size_t)back];
        int64_t sample = samples[place] + (sum >> shift);
        if (sample < -limit || sample >= limit)
            return 0;
        samples[place] = (int32_t)sample;
    }
    return 1;
}

static int read_predicted(Reader *in, uint32_t kind, size_t count, int sample_bits, int32_t *samples) {
    static const int32_t fixed[MAX_FIXED_ORDER + 1][MAX_FIXED_ORDER] = {
        {0}, {1}, {2, -1}, {3, -3, 1}, {4, -6, 4, -1}};
    int is_linear = kind >= 32, order = (int)(is_linear ? kind - 31 : kind - 8), shift = 0;
    int32_t coefficients[MAX_ORDER];
    if ((!is_linear && order > MAX_FIXED_ORDER) || (size_t)order > count)
        return 0;
    for (int place = 0; place < order; place++)
        samples[place] = read_signed(in, sample_bits);
    if (is_linear) {
        int precision = (int)read_bits(in, 4) + 1;
        shift = read_signed(in, 5);
        if (precision == 16 || shift < 0)
            return 0;
        for (int place = 0; place < order; place++)
            coefficients[place] = read_signed(in, precision);
    }
    return read_residuals(in, count, order, samples + order) &&
           add_predictions(samples, count, order, is_linear ? coefficients : fixed[order], shift, sample_bits);
}

static int read_subframe(Reader *in, size_t count, int sample_bits, int32_t *samples) {
    uint32_t head = read_bits(in, 8), kind = head >> 1, wasted = 0;
    if (head & 1)
        wasted = read_unary(in) + 1;
    if (head & 0x80 || wasted >= (uint32_t)sample_bits)
        return 0;
    sample_bits -= (int)wasted;
    if (kind == 0) {
        int32_t sample = read_signed(in, sample_bits);
        for (size_t place = 0; place < count; place++)
            samples[place] = sample;
    } else if (kind == 1) {
        for (size_t place = 0; place < count; place++)
            samples[place] = read_signed(in, sample_bits);
    } else if (kind < 8 || (kind > 12 && kind < 32) || !read_predicted(in, kind, count, sample_bits, samples)) {
        return 0;
    }
    for (size_t place = 0; wasted && place < count; place++)
        samples[place] = (int32_t)((uint32_t)samples[place] << wasted);
    return !in->has_failed;
}

static size_t read_block_size(Reader *in, uint32_t code) {
    if (code == 1)
        return 192;
    if (code >= 2 && code <= 5)
        return (size_t)576 << (code - 2);
    if (code == 6 || code == 7)
        return (size_t)read_bits(in, code == 6 ? 8 : 16) + 1;
    return code ? (size_t)256 << (code - 8) : 0;
}

/* Read the head of a frame; return its samples, 0 if it is none of 16-bit stereo. */
static size_t read_head(Reader *in, uint32_t *assignment) {
    static const uint8_t rate_bits[16] = {[12] = 8, [13] = 16, [14] = 16};
    uint64_t start = in->place / 8;
    uint32_t sync = read_bits(in, 16), size_code = read_bits(in, 4), rate_code = read_bits(in, 4);
    *assignment = read_bits(in, 4);
    uint32_t depth = read_bits(in, 4), first = read_bits(in, 8), bytes = 0;
    while (bytes <= MAX_NUMBER_BYTES && first & 0x80u >> bytes)
        bytes++;
    if (sync >> 1 != 0xFFF8 >> 1 || rate_code == 15 || (depth != 0 && depth != 8) || bytes == 1 ||
        bytes > MAX_NUMBER_BYTES)
        return 0;
    for (uint32_t number = 1; number < bytes; number++)
        if (read_bits(in, 8) >> 6 != 2)
            return 0;
    size_t count = read_block_size(in, size_code);
    read_bits(in, rate_bits[rate_code]);
    uint8_t checksum = flac_head_checksum(&checksums, in->bytes + start, (size_t)(in->place / 8 - start));
    return read_bits(in, 8) == checksum && !in->has_failed ? count : 0;
}

/* Write samples of 16 bits; return 0 if one has more. */
static int write_samples(const int32_t *first, const int32_t *second, size_t count, uint32_t assignment, uint8_t *out) {
    for (size_t place = 0; place < count; place++, out += SAMPLE_BYTES) {
        int32_t left = first[place], right = second[place];
        if (assignment == LEFT_SIDE) {
            right = left - right;
        } else if (assignment == SIDE_RIGHT) {
            left += right;
        } else if (assignment == MID_SIDE) {
            int32_t sum = left * 2 + (right & 1);
            left = (sum + right) >> 1;
            right = (sum - right) >> 1;
        }
        if (left != (int16_t)left || right != (int16_t)right)
            return 0;
        out[0] = (uint8_t)(left >> 8), out[1] = (uint8_t)left;
        out[2] = (uint8_t)(right >> 8), out[3] = (uint8_t)right;
    }
    return 1;
}

/* Read one frame of at most so many samples; return its samples, 0 if it is not as expected. */
static size_t read_frame(Reader *in, size_t most, int32_t *first, int32_t *second, uint8_t *out) {
    uint64_t start = in->place / 8;
    uint32_t assignment;
    size_t count = read_head(in, &assignment);
    if (!count || count > most ||
        (assignment != LEFT_RIGHT && assignment != LEFT_SIDE && assignment != SIDE_RIGHT && assignment != MID_SIDE))
        return 0;
    if (!read_subframe(in, count, SAMPLE_BITS + (assignment == SIDE_RIGHT), first) ||
        !read_subframe(in, count, SAMPLE_BITS + (assignment == LEFT_SIDE || assignment == MID_SIDE), second))
        return 0;
    if (read_bits(in, (int)(-in->place & 7)))
        return 0;
    uint16_t checksum = crc16_of(&checksums.frame, in->bytes + start, (size_t)(in->place / 8 - start), 0);
    if (read_bits(in, 16) != checksum || in->has_failed)
        return 0;
    return write_samples(first, second, count, assignment, out) ? count : 0;
}

/* Decode frames until all samples are there; return the bytes of the frames, -1 if they are not as expected. */
static Py_ssize_t decode(const uint8_t *padded, size_t size, size_t samples, int32_t *channels, uint8_t *out) {
    Reader in = {padded, 0, (uint64_t)size * 8, 0};
    size_t room = samples < MAX_BLOCK ? samples : MAX_BLOCK;
    while (samples) {
        size_t count = read_frame(&in, samples, channels, channels + room, out);
        if (!count)
            return -1;
        samples -= count;
        out += SAMPLE_BYTES * count;
    }
    return (Py_ssize_t)(in.place / 8);
}

/* Like `decode`; -2 without memory. Called with the interpreter's lock held, and `releases` it if asked to. */
Py_ssize_t flac_decode_into(const uint8_t *stored, size_t size, size_t samples, uint8_t *out, int releases) {
    size_t room = samples < MAX_BLOCK ? samples : MAX_BLOCK;
    uint8_t *padded = malloc(size + PADDING);
    int32_t *channels = malloc(2 * room * sizeof *channels + 1);
    Py_ssize_t used = -2;
    flac_checksums_make(&checksums);
    if (padded && channels) {
        PyThreadState *thread = releases ? PyEval_SaveThread() : NULL;
        memcpy(padded, stored, size);
        memset(padded + size, 0, PADDING);
        used = decode(padded, size, samples, channels, out);
        if (thread)
            PyEval_RestoreThread(thread);
    }
    free(padded), free(channels);
    return used;
}

PyObject *flac_decode(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer stored;
    Py_ssize_t samples, used = -2;
    if (!PyArg_ParseTuple(arguments, "y*n:flac_decode", &stored, &samples))
        return NULL;
    PyObject *decoded = NULL, *result = NULL;
    if (samples < 0 || samples > PY_SSIZE_T_MAX / SAMPLE_BYTES)
        PyErr_Format(PyExc_ValueError, "flac_decode: %zd samples", samples);
    else if ((decoded = PyBytes_FromStringAndSize(NULL, samples * SAMPLE_BYTES)))
        used = flac_decode_into(stored.buf, (size_t)stored.len, (size_t)samples, (uint8_t *)PyBytes_AsString(decoded), 1);
    if (used >= 0)
        result = Py_BuildValue("On", decoded, used);
    else if (used == -1)
        result = Py_NewRef(Py_None);
    else if (decoded)
        PyErr_NoMemory();
    Py_XDECREF(decoded);
    PyBuffer_Release(&stored);
    return result;
}

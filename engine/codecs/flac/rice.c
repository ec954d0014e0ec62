/* Rice codes of the residual of a FLAC subframe. */

#include <string.h>

#include "flac.h"

#define MAX_PARAMETER 14
#define SMALL (1u << 19) /* MAX_BLOCK numbers below it have a sum of 32 bits */

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

uint64_t rice_estimate(const int32_t *residuals, size_t samples, int order) {
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

void rice_best_code(const int32_t *residuals, size_t samples, int order, RiceCode *best) {
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

void rice_write(const int32_t *residuals, size_t samples, int order, const RiceCode *code, Bits *out) {
    size_t length = samples >> code->partition_order;
    bits_add(out, (uint32_t)code->partition_order, 6);
    for (size_t part = 0; part < (size_t)1 << code->partition_order; part++) {
        int parameter = code->parameters[part];
        uint32_t mark = (uint32_t)1 << parameter;
        bits_add(out, (uint32_t)parameter, 4);
        for (size_t count = part ? length : length - (size_t)order; count; count--) {
            uint32_t number = folded(*residuals++), zeros = number >> parameter;
            if (zeros > 16) {
                bits_add_zeros(out, zeros);
                zeros = 0;
            }
            bits_add(out, mark | (number & (mark - 1)), (int)zeros + 1 + parameter);
        }
    }
}

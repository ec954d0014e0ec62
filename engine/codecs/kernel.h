/* The functions of the other files, which kernel.c exports. */

#include <stddef.h>
#include <stdint.h>

PyObject *sector_edc(PyObject *module, PyObject *data);
PyObject *sector_ecc(PyObject *module, PyObject *protected);
PyObject *frames_split(PyObject *module, PyObject *frames);
PyObject *frames_join(PyObject *module, PyObject *arguments);
PyObject *flac_encode(PyObject *module, PyObject *arguments);
PyObject *flac_decode(PyObject *module, PyObject *arguments);
PyObject *crc16_one(PyObject *module, PyObject *arguments);
PyObject *crc16_of_blocks(PyObject *module, PyObject *arguments);
PyObject *crc32_one(PyObject *module, PyObject *arguments);
PyObject *crc32_pays(PyObject *module, PyObject *none);
PyObject *hunk_libraries(PyObject *module, PyObject *none);
PyObject *hunk_bind(PyObject *module, PyObject *arguments);
PyObject *hunk_decode(PyObject *module, PyObject *arguments);
PyObject *hunk_pack(PyObject *module, PyObject *arguments);
PyObject *hunk_note(PyObject *module, PyObject *arguments);
PyObject *hunk_map(PyObject *module, PyObject *arguments);

/* What they call, for tests/bench/fuzz_kernel.c too. */
void sectors_make_tables(void);
void chd_crc16_prepare(void); /* called with the interpreter's lock held, before chd_crc16 */
uint16_t chd_crc16(const uint8_t *data, size_t size, uint16_t value);
typedef enum { BY_TABLES, BY_NARROW, BY_WIDE } Multiplication; /* the widest that may be used */
uint16_t chd_crc16_by(const uint8_t *data, size_t size, uint16_t value, Multiplication most);
int crc32_is_fast(void);
uint32_t crc32_of(const uint8_t *data, size_t size, uint32_t value, int is_wide);
void frames_split_into(const uint8_t *frames, size_t count, uint8_t *bitmap, uint8_t *sectors, uint8_t *subcode);
void frames_join_into(const uint8_t *bitmap, const uint8_t *sectors, const uint8_t *subcode, size_t count,
                      uint8_t *frames);
size_t flac_most_bytes(size_t count, size_t block);
size_t flac_encode_alone(const uint8_t *samples, size_t count, size_t block, uint8_t *out);
Py_ssize_t flac_decode_into(const uint8_t *stored, size_t size, size_t samples, uint8_t *out, int releases);

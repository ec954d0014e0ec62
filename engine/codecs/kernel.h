/* The functions of the other files, which kernel.c exports. */

PyObject *sector_edc(PyObject *module, PyObject *data);
PyObject *sector_ecc(PyObject *module, PyObject *protected);
PyObject *frames_split(PyObject *module, PyObject *frames);
PyObject *frames_join(PyObject *module, PyObject *arguments);
PyObject *flac_encode(PyObject *module, PyObject *arguments);
PyObject *flac_decode(PyObject *module, PyObject *arguments);
PyObject *crc16_one(PyObject *module, PyObject *arguments);
PyObject *crc16_of_blocks(PyObject *module, PyObject *arguments);

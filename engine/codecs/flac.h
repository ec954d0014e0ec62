/* The function of flac.c, which kernel.c exports. */

PyObject *flac_encode(PyObject *module, PyObject *arguments);

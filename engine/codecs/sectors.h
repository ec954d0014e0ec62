/* The functions of sectors.c, which kernel.c exports. */

PyObject *sector_edc(PyObject *module, PyObject *data);
PyObject *sector_ecc(PyObject *module, PyObject *protected);

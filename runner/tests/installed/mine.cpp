/* The stranger's engine, as C++. */
#include "mine.h"

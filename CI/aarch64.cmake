# The preset `aarch64`: a cross compiler of Debian, the libraries of CI/aarch64-sysroot, programs under qemu.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)

set(sysroot ${CMAKE_CURRENT_LIST_DIR}/../build/aarch64-sysroot)
set(libraries ${sysroot}/usr/lib/aarch64-linux-gnu)
if(NOT EXISTS ${libraries}/pkgconfig)
  message(FATAL_ERROR "The libraries for aarch64 are not there; CI/aarch64-sysroot gets them.")
endif()
set(ENV{PKG_CONFIG_LIBDIR} ${libraries}/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${sysroot})
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH=${libraries})

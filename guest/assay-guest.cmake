# assay_add_guest(name SOURCES file... [OPTIONS option...] [STACK bytes] [HEAP bytes] [REGISTERS 0.a0=1000...]
#                 [DEPENDS file...])
#
# Compiles C to the Image ${CMAKE_CURRENT_BINARY_DIR}/name.image; name.elf and name.map lie beside it.
# OPTIONS go to the compiler, REGISTERS say what a0..a5 of an endpoint hold at its entry, DEPENDS names headers.
#
# ASSAY_PYTHON is a Python with the packages of runner/requirements.lock: that of ./assay when it is there.

include_guard(GLOBAL)

set(ASSAY_GUEST_ROOT ${CMAKE_CURRENT_LIST_DIR}/..)
cmake_path(NORMAL_PATH ASSAY_GUEST_ROOT)

if(NOT ASSAY_PYTHON)
  find_program(ASSAY_PYTHON NAMES python python3 HINTS ${ASSAY_GUEST_ROOT}/.venv/bin REQUIRED)
endif()

file(GLOB ASSAY_GUEST_TOOLS CONFIGURE_DEPENDS
  ${ASSAY_GUEST_ROOT}/guest/linker/*.py
  ${ASSAY_GUEST_ROOT}/guest/lib/guest.ld
  ${ASSAY_GUEST_ROOT}/guest/lib/src/*.[ch]
  ${ASSAY_GUEST_ROOT}/guest/lib/include/*.h
  ${ASSAY_GUEST_ROOT}/guest/lib/include/assay/*.h)

function(assay_add_guest name)
  cmake_parse_arguments(PARSE_ARGV 1 guest "" "STACK;HEAP" "SOURCES;OPTIONS;REGISTERS;DEPENDS")
  if(guest_UNPARSED_ARGUMENTS OR NOT guest_SOURCES)
    message(FATAL_ERROR "assay_add_guest(${name}): SOURCES is missing, or unknown: ${guest_UNPARSED_ARGUMENTS}")
  endif()
  set(path "${ASSAY_GUEST_ROOT}/runner:${ASSAY_GUEST_ROOT}/spec:${ASSAY_GUEST_ROOT}/guest")
  set(image ${CMAKE_CURRENT_BINARY_DIR}/${name}.image)
  set(sources "")
  foreach(source IN LISTS guest_SOURCES)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    list(APPEND sources ${source})
  endforeach()
  set(sizes "")
  foreach(part IN ITEMS STACK HEAP)
    if(DEFINED guest_${part})
      string(TOLOWER ${part} option)
      list(APPEND sizes --${option} ${guest_${part}})
    endif()
  endforeach()
  list(TRANSFORM guest_REGISTERS PREPEND --register=)
  add_custom_command(
    OUTPUT ${image}
    BYPRODUCTS ${CMAKE_CURRENT_BINARY_DIR}/${name}.elf ${CMAKE_CURRENT_BINARY_DIR}/${name}.map
    COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${path} ${ASSAY_PYTHON} -m linker cc -o ${image}
      --elf ${name}.elf --map ${name}.map ${sizes} ${guest_REGISTERS} -g ${guest_OPTIONS} ${sources}
    DEPENDS ${sources} ${guest_DEPENDS} ${ASSAY_GUEST_TOOLS}
    COMMENT "guest ${name}.image"
    VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${image})
endfunction()

# SPDX-License-Identifier: Apache-2.0
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Static libraries and position-independent executables only; one setting for all, so that the precompiled header fits.
add_compile_options(-fPIE)
add_link_options(-pie)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

option(RESCUE_WERROR "warnings are errors" OFF)
option(RESCUE_FUZZ "build libFuzzer targets" OFF)
option(RESCUE_COVERAGE "gcov instrumentation" OFF)
set(RESCUE_SANITIZE "" CACHE STRING "sanitizers, comma separated")

# -g1: backtraces with lines; full debug information triples link time and object size.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -fno-omit-frame-pointer
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough -Wundef)
if(RESCUE_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these falsely from inlined library code (PR 105562, PR 105651, PR 107138).
  add_compile_options(-Wno-error=maybe-uninitialized -Wno-error=restrict -Wno-error=stringop-overflow
    -Wno-error=array-bounds -Wno-error=dangling-pointer -Wno-maybe-uninitialized)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection)
  add_link_options(-Wl,-z,relro -Wl,-z,now)
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections)
endif()
if(RESCUE_SANITIZE)
  add_compile_options(-fsanitize=${RESCUE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RESCUE_SANITIZE})
endif()
if(RESCUE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # every room is watched, not the target's own file alone
endif()
if(RESCUE_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

find_program(RESCUE_CCACHE ccache)
if(RESCUE_CCACHE)
  # base_dir + no hash_dir: a clone in another folder hits the same cache. The bytes of a precompiled header differ from folder
  # to folder, so its checksum comes from a file beside it (RescueTargets.cmake writes it).
  set(rescue_launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${RESCUE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${rescue_launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${rescue_launcher})
endif()
find_program(RESCUE_MOLD mold)
if(RESCUE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Language level, warnings, hardening and sanitizers of every target in the tree.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# The names that a file keeps to itself, in an anonymous namespace, would meet those of the other files.
set(CMAKE_UNITY_BUILD OFF)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(SWITCHBOARD_CCACHE ccache)
if(SWITCHBOARD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SWITCHBOARD_CCACHE}")
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(SWITCHBOARD_WERROR)
  add_compile_options(-Werror)
endif()

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options(-Wthread-safety)
endif()

if(SWITCHBOARD_HARDEN)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS)
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fPIE)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|i[3-6]86)$")
    add_compile_options(-fcf-protection=full)
  endif()
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

if(SWITCHBOARD_LTO AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  message(STATUS "SWITCHBOARD_LTO is for gcc: off")
  set(SWITCHBOARD_LTO OFF)
endif()
if(SWITCHBOARD_LTO)
  # The objects hold both, machine code and what the link needs to optimise. So only the programs that switchboard_optimise
  # names pay for that with a slow link, and tests don't.
  add_link_options($<IF:$<BOOL:$<TARGET_PROPERTY:SWITCHBOARD_OPTIMISED>>,-flto=auto,-fno-lto>)
endif()

# A program, or a library that programs are made of, does what SWITCHBOARD_LTO says.
function(switchboard_optimise target)
  if(SWITCHBOARD_LTO)
    # Calls of libraries go through a table of addresses that is read-only (-z now), without a jump in between.
    target_compile_options(${target} PRIVATE -flto=auto -ffat-lto-objects -fno-plt)
    set_target_properties(${target} PROPERTIES SWITCHBOARD_OPTIMISED ON)
  endif()
endfunction()

# The same for SWITCHBOARD_SYMBOLS: functions and lines, which is enough for a backtrace at a fraction of the size.
function(switchboard_add_symbols target)
  if(SWITCHBOARD_SYMBOLS)
    target_compile_options(${target} PRIVATE -g1)
  endif()
endfunction()

if(SWITCHBOARD_SANITIZE)
  add_compile_options(-fsanitize=${SWITCHBOARD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(SWITCHBOARD_SANITIZE MATCHES "undefined")
    # The check of vptrs probes memory with a pipe, and takes any object for none when no descriptor is left, which
    # tests bring about on purpose.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  add_link_options(-fsanitize=${SWITCHBOARD_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # gcc says itself that its sanitizers make it warn falsely here; the other presets keep it an error.
    add_compile_options(-Wno-error=maybe-uninitialized)
  endif()
endif()

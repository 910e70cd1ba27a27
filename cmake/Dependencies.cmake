# The packages from outside, all from the distribution. cmake/switchboardConfig.cmake.in finds the same ones again for
# whoever links the installed library.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

find_package(Boost 1.74 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLite3 REQUIRED)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(libsodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(libcrypto REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(libbsd REQUIRED IMPORTED_TARGET libbsd)
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(libseccomp REQUIRED IMPORTED_TARGET libseccomp)

if(SWITCHBOARD_PROGRAMS)
  find_package(nlohmann_json 3.10 REQUIRED)
endif()
if(SWITCHBOARD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(SWITCHBOARD_BENCH)
  find_package(benchmark REQUIRED)
endif()

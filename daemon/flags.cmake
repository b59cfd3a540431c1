# SPDX-License-Identifier: Apache-2.0
# How our own code is compiled and linked: target dp_flags. Generated code takes
# dp_flags_quiet, which is the same without warnings.
include(CheckCCompilerFlag)
include(CheckIPOSupported)

add_library(dp_flags_quiet INTERFACE)
add_library(dp_flags INTERFACE)
target_link_libraries(dp_flags INTERFACE dp_flags_quiet)

target_compile_options(dp_flags INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wformat=2 -Wvla -Wundef $<$<BOOL:${DP_WERROR}>:-Werror>)

# The compiled bytes must not depend on where the tree or the build folder lies.
target_compile_options(dp_flags_quiet INTERFACE
    -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=
    -ffile-prefix-map=${PROJECT_BINARY_DIR}=build)
target_compile_definitions(dp_flags_quiet INTERFACE _GNU_SOURCE)

# dp_flags_try(<flag>...): add the flags this compiler and processor know.
function(dp_flags_try)
    foreach(flag IN LISTS ARGN)
        string(MAKE_C_IDENTIFIER "DP_HAS${flag}" known)
        check_c_compiler_flag(${flag} ${known})
        if(${known})
            target_compile_options(dp_flags_quiet INTERFACE ${flag})
        endif()
    endforeach()
endfunction()

dp_flags_try(-fstack-protector-strong -fstack-clash-protection -fcf-protection)
target_compile_options(dp_flags_quiet INTERFACE -fPIE)
target_link_options(dp_flags_quiet INTERFACE -pie -Wl,-z,relro,-z,now)

if(DP_SANITIZE STREQUAL "ON" OR (DP_FUZZ AND NOT DP_SANITIZE))
    set(DP_SANITIZE address,undefined)
endif()
if(DP_SANITIZE)
    set(flags -fsanitize=${DP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(dp_flags_quiet INTERFACE ${flags})
    target_link_options(dp_flags_quiet INTERFACE ${flags})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(dp_flags_quiet INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

if(DP_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "DP_FUZZ needs clang")
    endif()
    target_compile_options(dp_flags_quiet INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(DP_LTO)
    check_ipo_supported(RESULT lto_works OUTPUT lto_output LANGUAGES C)
    if(lto_works)
        set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    else()
        message(STATUS "No link-time optimization: ${lto_output}")
    endif()
endif()

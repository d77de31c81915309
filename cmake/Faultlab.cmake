# Language level, warnings, sanitizers, and the two functions with which every folder declares itself.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

find_program(FAULTLAB_CCACHE ccache)
if(FAULTLAB_CCACHE)
    # Paths relative to the tree, so that a clone elsewhere finds what this one compiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        "${FAULTLAB_CCACHE}")
endif()
find_program(FAULTLAB_MOLD mold)
if(FAULTLAB_MOLD)
    # What is hardly ever executed lies together, as the linkers of GNU have it.
    add_link_options(-fuse-ld=mold -Wl,-z,keep-text-section-prefix)
endif()

set(FAULTLAB_SANITIZE "" CACHE STRING "Value for -fsanitize=, or empty")
if(FAULTLAB_SANITIZE)
    add_compile_options(-fsanitize=${FAULTLAB_SANITIZE} -fno-omit-frame-pointer
                        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${FAULTLAB_SANITIZE})
endif()
option(FAULTLAB_PCH "Precompiled headers for tests" ON)
option(FAULTLAB_WERROR "Warnings are errors" OFF)

set(FAULTLAB_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
                      -Wold-style-cast -Wimplicit-fallthrough
                      # Designated initialisers leave members at their defaults on purpose.
                      -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # False alarms of GCC 12 and 14 on std::string and std::variant (GCC bugs 105329, 105593).
    list(APPEND FAULTLAB_WARNINGS -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow
                                  -Wno-maybe-uninitialized)
endif()
if(FAULTLAB_WERROR)
    list(APPEND FAULTLAB_WARNINGS -Werror)
endif()

# faultlab_library(NAME SOURCES file… [PUBLIC target…] [PRIVATE target…])
function(faultlab_library name)
    cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    add_library(faultlab_${name} STATIC ${arg_SOURCES})
    target_include_directories(faultlab_${name} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
    target_compile_options(faultlab_${name} PRIVATE ${FAULTLAB_WARNINGS})
    target_link_libraries(faultlab_${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
endfunction()

# faultlab_test(AREA [LINK target…] [LABEL label] [SERIAL] [TIMEOUT seconds]): every *_test.cpp of the
# calling folder. The label is the area's name where none is given: one only, because
# catch_discover_tests passes no list on.
function(faultlab_test area)
    cmake_parse_arguments(arg "SERIAL" "TIMEOUT;LABEL" "LINK" ${ARGN})
    if(NOT arg_LABEL)
        set(arg_LABEL ${area})
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp")
    add_executable(test_${area} ${sources})
    target_compile_options(test_${area} PRIVATE ${FAULTLAB_WARNINGS})
    target_link_libraries(test_${area} PRIVATE ${arg_LINK} Catch2::Catch2WithMain)
    # Only where they are used: what names this tree is compiled anew in every other.
    foreach(source ${sources})
        file(STRINGS ${source} uses_places REGEX "FAULTLAB_SOURCE_DIR|FAULTLAB_BINARY|golden.hpp")
        if(uses_places)
            set_property(SOURCE ${source} APPEND PROPERTY COMPILE_DEFINITIONS
                FAULTLAB_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                FAULTLAB_BINARY="$<TARGET_FILE_DIR:test_${area}>/faultlab")
        endif()
    endforeach()
    set_target_properties(test_${area} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
    if(FAULTLAB_PCH)
        target_precompile_headers(test_${area} PRIVATE <tests/support/catch.hpp>)
        if(FAULTLAB_CCACHE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            target_compile_options(test_${area} PRIVATE -fpch-preprocess) # else ccache takes none
        endif()
    endif()
    set(properties LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
    if(arg_SERIAL)
        list(APPEND properties RUN_SERIAL TRUE)
    endif()
    catch_discover_tests(test_${area} TEST_PREFIX "${area}/" PROPERTIES ${properties})
endfunction()

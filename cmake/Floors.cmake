# One static library per folder. A new class needs no edit here: the sources are globbed.

# The .cpp files of a folder and its sub-floors, without main.cpp; never none.
function(switchboard_sources out_var folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(NOT sources)
    set(placeholder "${PROJECT_BINARY_DIR}/placeholder.cpp")
    if(NOT EXISTS "${placeholder}")
      file(WRITE "${placeholder}" "")
    endif()
    set(sources "${placeholder}")
  endif()
  set(${out_var} "${sources}" PARENT_SCOPE)
endfunction()

# Has `installable` build the target, and an installation without it say so, and not only which file is missing.
function(switchboard_expect_built target component)
  add_dependencies(installable ${target})
  install(CODE "if(NOT EXISTS \"$<TARGET_FILE:${target}>\")
                  message(FATAL_ERROR \"${target} isn't built yet. First: cmake --build ${PROJECT_BINARY_DIR} --target installable\")
                endif()"
          COMPONENT ${component})
endfunction()

# switchboard_add_floor(net LINK PUBLIC switchboard_misc Boost::headers PRIVATE …): the library switchboard_net of the
# current folder, installed as switchboard::net. EXPORT is the file of targets that it belongs to, COMPONENT the part of
# the installation.
function(switchboard_add_floor name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXPORT;COMPONENT" "LINK")
  if(NOT arg_EXPORT)
    set(arg_EXPORT switchboardTargets)
  endif()
  if(NOT arg_COMPONENT)
    set(arg_COMPONENT Unspecified)
  endif()
  switchboard_sources(sources "${CMAKE_CURRENT_SOURCE_DIR}")
  set(target switchboard_${name})
  add_library(${target} STATIC ${sources})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
                                              "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/switchboard>")
  target_link_libraries(${target} ${arg_LINK})
  switchboard_optimise(${target})
  switchboard_add_symbols(${target})
  if(SWITCHBOARD_INSTALL)
    switchboard_expect_built(${target} ${arg_COMPONENT})
    install(TARGETS ${target} EXPORT ${arg_EXPORT}
            ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${arg_COMPONENT})
    if(SWITCHBOARD_LTO)
      # What only this very version of gcc can read would stop the link of a user who has another one.
      install(CODE "execute_process(COMMAND \"${CMAKE_OBJCOPY}\" --remove-section=.gnu.lto_* --remove-section=.gnu.debuglto_*
                      \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/lib${target}.a\"
                      COMMAND_ERROR_IS_FATAL ANY)"
              COMPONENT ${arg_COMPONENT})
    endif()
  endif()
endfunction()

# The installed program `target`, of main.cpp and what is linked. Its symbols go to .debug/ beside it, where gdb looks.
function(switchboard_add_program target)
  add_executable(${target} main.cpp)
  target_link_libraries(${target} PRIVATE ${ARGN})
  switchboard_add_symbols(${target})
  set(symbols ".debug/${target}.debug")
  if(SWITCHBOARD_SYMBOLS)
    add_custom_command(TARGET ${target} POST_BUILD
      COMMAND "${CMAKE_COMMAND}" -E make_directory .debug
      COMMAND "${CMAKE_OBJCOPY}" --only-keep-debug ${target} "${symbols}"
      COMMAND "${CMAKE_OBJCOPY}" --strip-debug "--add-gnu-debuglink=${symbols}" ${target}
      WORKING_DIRECTORY "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" VERBATIM)
  endif()
  if(SWITCHBOARD_INSTALL)
    switchboard_expect_built(${target} Unspecified)
    install(TARGETS ${target} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
    if(SWITCHBOARD_SYMBOLS)
      install(FILES "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${symbols}" DESTINATION "${CMAKE_INSTALL_BINDIR}/.debug")
    endif()
  endif()
endfunction()

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

# switchboard_add_floor(net PUBLIC switchboard_misc Boost::headers PRIVATE …): the library switchboard_net of the
# current folder, installed as switchboard::net.
function(switchboard_add_floor name)
  switchboard_sources(sources "${CMAKE_CURRENT_SOURCE_DIR}")
  set(target switchboard_${name})
  add_library(${target} STATIC ${sources})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
                                              "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/switchboard>")
  target_link_libraries(${target} ${ARGN})
  if(SWITCHBOARD_INSTALL)
    install(TARGETS ${target} EXPORT switchboardTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    install(DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/switchboard/${name}"
            FILES_MATCHING PATTERN "*.h")
  endif()
endfunction()

# The program `target` is installed.
function(switchboard_install_program target)
  if(SWITCHBOARD_INSTALL)
    install(TARGETS ${target} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
endfunction()

# Install rules of what belongs to no single folder, and the find_package(switchboard) files.

include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/switchboard")
configure_package_config_file(cmake/switchboardConfig.cmake.in "${PROJECT_BINARY_DIR}/switchboardConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/switchboardConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/switchboardConfig.cmake" "${PROJECT_BINARY_DIR}/switchboardConfigVersion.cmake"
        DESTINATION "${package_dir}")
install(EXPORT switchboardTargets NAMESPACE switchboard:: DESTINATION "${package_dir}")

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES conf/switchboard.toml conf/switchboard.service conf/switchboard.socket conf/switchboard.logrotate
        DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples" OPTIONAL)

# Install rules of what belongs to no single folder, and the find_package(switchboard) files.

include(CMakePackageConfigHelpers)
include(PublicHeaders)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/switchboard")
configure_package_config_file(cmake/switchboardConfig.cmake.in "${PROJECT_BINARY_DIR}/switchboardConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/switchboardConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/switchboardConfig.cmake" "${PROJECT_BINARY_DIR}/switchboardConfigVersion.cmake"
        DESTINATION "${package_dir}")
install(EXPORT switchboardTargets NAMESPACE switchboard:: DESTINATION "${package_dir}")
switchboard_install_headers(Unspecified ${SWITCHBOARD_PUBLIC_HEADERS} ${SWITCHBOARD_LOG_HEADERS}
                            ${SWITCHBOARD_SITE_HEADERS})
install(FILES proc/switchboard/log.h proc/switchboard/site.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/switchboard")
switchboard_install_headers(testing ${SWITCHBOARD_TESTING_HEADERS})
# A part that can be left out: who only runs servers needs no tests of handlers.
install(EXPORT switchboardTestingTargets NAMESPACE switchboard:: DESTINATION "${package_dir}" COMPONENT testing)
install(FILES testing/include/switchboard/testing.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/switchboard"
        COMPONENT testing)

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES conf/switchboard.toml conf/switchboard.service conf/switchboard.socket conf/switchboard.logrotate
        DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples" OPTIONAL)

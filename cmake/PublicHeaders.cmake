# The headers that are installed: what <switchboard.h> includes, and what <switchboard/log.h>, <switchboard/site.h> and
# <switchboard/testing.h> include besides.
# tests/lint/check_public_headers.py compares them with what a compiler finds.

set(SWITCHBOARD_PUBLIC_HEADERS
  logic/CDeferredHttpReply.h
  logic/CDeferredReply.h
  logic/transfer/CFileTransfer.h
  logic/CHttpRequest.h
  logic/CLogic.h
  logic/CModule.h
  logic/CRequest.h
  logic/CSessionContext.h
  misc/config/CConfigRules.h
  misc/config/CConfigSchema.h
  misc/config/CConfigSection.h
  misc/config/CSandboxWishes.h
  misc/count/CCounter.h
  net/conn/CSession.h
  net/conn/SPeer.h
  net/http/SHttpField.h
  net/hub/Login.h
  net/network/CHubCalls.h
  net/network/CServerCalls.h
  net/role/CDeferral.h
  net/wire/PackedBody.h
  net/wire/Reasons.h
  net/wire/Wire.h
  proc/server/RunServer.h
)
set(SWITCHBOARD_LOG_HEADERS
  misc/CLimitedLog.h
  misc/CLog.h
  misc/thread/CClock.h
  misc/thread/CMutex.h
  misc/thread/Annotations.h)

set(SWITCHBOARD_SITE_HEADERS
  logic/CHttpFiles.h)

set(SWITCHBOARD_TESTING_HEADERS
  testing/CTestHttpCall.h
  testing/CTestPacket.h
  testing/CTestServer.h
  testing/CTestSession.h
)

# switchboard_install_headers(Unspecified misc/CLog.h …): each in the folder that it has in the tree.
function(switchboard_install_headers component)
  foreach(header IN LISTS ARGN)
    get_filename_component(folder "${header}" DIRECTORY)
    install(FILES "${PROJECT_SOURCE_DIR}/${header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/switchboard/${folder}"
            COMPONENT ${component})
  endforeach()
endfunction()

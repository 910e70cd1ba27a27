// All that a server of your own needs: derive from CLogic, register handlers, hand the class to
// RunServer.
//
//   constexpr uint16_t kEcho = 7;
//
//   class CEchoLogic : public switchboard::CLogic {
//    public:
//     CEchoLogic() { On(kEcho, &CEchoLogic::HandleEcho); }
//
//    private:
//     bool HandleEcho(switchboard::CRequest& request) { return request.Reply(request.Body()); }
//   };
//
//   int main(int argc, char** argv) { return switchboard::RunServer<CEchoLogic>(argc, argv); }
//
//   CLogic, CModule                     what a server is made of: handlers, hooks, parts that others can use as well
//   CRequest, CHttpRequest              one request in the hands of its handler, and the ways to answer it
//   CDeferredReply, CDeferredHttpReply  an answer that comes later, from any thread
//   CSession, CSessionContext, SPeer    who asked; what is kept of him
//   CServerCalls                        send, close, timers, jobs, counters, configuration: a module's own methods
//   CConfigSchema, CConfigSection       a section of the configuration, with its keys
//   CSandboxWishes                      what handlers need of the system
//   CFileTransfer                       a module: clients get, put, list and hash files
//   Wire.h, Reasons.h, PackedBody.h     what is said on the wire
//
// docs/HANDLERS.md is the guide; what a header says is the contract. "Threads:" in it tells who may
// call what; where a method says nothing, its class does. Sizes are in bytes.
// <switchboard/log.h> adds CLog, and <switchboard/testing.h> CTestServer, for tests of handlers
// without a process.
// Of the standard library, durations and clocks come along, but not the rest of <chrono>, nor
// streams or maps.
#pragma once

#include "logic/CHttpRequest.h"
#include "logic/CLogic.h"
#include "logic/CRequest.h"
#include "logic/transfer/CFileTransfer.h"
#include "proc/server/RunServer.h"

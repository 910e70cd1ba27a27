#pragma once

#include <string>

#include "misc/CLog.h"
#include "misc/config/CConfigSchema.h"
#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "proc/master/CInheritance.h"
#include "proc/master/CMaster.h"
#include "proc/start/CActivation.h"
#include "proc/start/CCommandLine.h"
#include "proc/sys/CDaemon.h"
#include "proc/sys/CProcessTitle.h"
#include "proc/sys/CSignals.h"
#include "proc/sys/SProgramStart.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/LogicFactory.h"

namespace switchboard {

// A server from its start to its end: everything is opened in order, and then the master runs.
// Threads: one, the only one of its process.
class CServer {
 public:
  // References outlive the server.
  CServer(const SCommandLine& commandLine, const SProgramStart& program, const CProcessTitle& title,
          const CConfigSchema& schema, const LogicFactory& factory)
      : m_commandLine(commandLine), m_program(program), m_title(title), m_schema(schema), m_factory(factory) {}

  // Returns the exit code of the process. A start that fails has said why on standard error, has given back what it
  // opened, and leaves no process behind.
  int Run();

 private:
  int Serve(const SConfig& config, CActivation& activation, CInheritance& inheritance);
  static void Adopt(const SConfig& config, CActivation& activation, CListenerStore& listeners);
  static void Reserve(const SConfig& config, CListenerStore& listeners);
  // Returns when the addresses are free, or won't be.
  void AwaitAddresses(const SConfig& config, CListenerStore& listeners, const CSignals& signals, CLog& log) const;
  void LogStart(const SConfig& config, CLog& log) const;
  void Start(CMaster& master, const SConfig& config, CLog& log) const;
  bool IsDaemon(const SConfig& config) const { return config.server.daemon && !m_commandLine.isForeground; }

  const SCommandLine& m_commandLine;
  const SProgramStart& m_program;
  const CProcessTitle& m_title;
  const CConfigSchema& m_schema;
  const LogicFactory& m_factory;
  const CClock m_clock;
  CDaemon m_daemon;
};

}  // namespace switchboard

#pragma once

#include "misc/CLimitedLog.h"
#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CMutex.h"
#include "net/config/CConfig.h"
#include "net/wire/Counters.h"

namespace switchboard {

class CBusinessPool;
class CConnectionPool;
class CHeartThread;
class CHub;
class CQuarantine;
class CSender;
class CTimers;
struct SInboxes;

// The parts of a worker that its logic speaks to; all outlive the handlers.
struct SServerLinks {
  const SConfig& config;
  CLog& log;
  CLimitedLog& limitedLog;  // for what clients can cause at will
  const CClock& clock;
  SInboxes& inboxes;
  CConnectionPool& pool;
  CSender& sender;
  CBusinessPool& business;
  CTimers& timers;
  CHeartThread& heart;
  SWorkerPage& page;
  CHub& hub;
  const CQuarantine* p_quarantine = nullptr;
  mutable CMutex namingMutex = {};  // held by who gives a counter its name
};

}  // namespace switchboard

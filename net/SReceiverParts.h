#pragma once

#include "misc/CBufferPool.h"
#include "misc/CConfig.h"
#include "misc/CLog.h"
#include "net/CConnectionPool.h"
#include "net/CDispatcher.h"
#include "net/CFlowControl.h"
#include "net/CHandlers.h"
#include "net/CHeart.h"
#include "net/CHttpSite.h"
#include "net/Notes.h"

namespace switchboard {

// What a receiver works with; all of it outlives the receiver.
struct SReceiverParts {
  const SConfig& config;
  CLog& log;
  CConnectionPool& pool;
  CBufferPool& buffers;
  SInboxes& inboxes;
  const CFlowControl& flowControl;
  CDispatcher& dispatcher;
  CHandlers& handlers;
  CSender& sender;
  CHeartbeat& heartbeat;
  CHeart& heart;
  const HttpSites& sites;
  SWorkerPage& page;
};

}  // namespace switchboard

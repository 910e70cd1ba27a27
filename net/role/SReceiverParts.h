#pragma once

#include "misc/CBufferPool.h"
#include "misc/CLog.h"
#include "net/config/CConfig.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/CFlowControl.h"
#include "net/conn/Notes.h"
#include "net/role/CDispatcher.h"
#include "net/role/CHandlers.h"
#include "net/role/CHeart.h"
#include "net/site/CHttpSite.h"

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

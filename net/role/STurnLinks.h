#pragma once

#include "misc/CScoreboard.h"
#include "net/conn/Notes.h"

namespace switchboard {

class CBusinessPool;
class CConnectionPool;
class CSender;

// The parts that turns and deferred answers speak to; all outlive them.
struct STurnLinks {
  SInboxes& inboxes;
  CConnectionPool& connections;
  CSender& sender;
  CBusinessPool& business;
  SWorkerPage& page;
};

}  // namespace switchboard

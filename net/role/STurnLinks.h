#pragma once

#include "net/conn/Notes.h"
#include "net/wire/Counters.h"

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

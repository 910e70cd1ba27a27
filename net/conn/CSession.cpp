#include "net/conn/CSession.h"

namespace switchboard {

std::string CSession::ToString() const {
  return std::to_string(m_process) + ':' + std::to_string(m_slot) + ':' + std::to_string(m_generation);
}

}  // namespace switchboard

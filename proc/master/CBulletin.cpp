#include "proc/master/CBulletin.h"

namespace switchboard {

void CBulletin::BeginReload() {
  m_scoreboard.Reloads().Begin();
  m_notify.Reloading();
}

void CBulletin::EndReload(bool isDone, const std::string& text) {
  m_notify.Ready(text);
  m_scoreboard.Reloads().End(isDone, text);
  m_scoreboard.Announce();
}

void CBulletin::RefuseReload(const std::string& text) {
  m_log.Warn("{}", text);
  BeginReload();
  EndReload(false, text);
}

void CBulletin::EndUpgrade(bool isDone, const std::string& text) {
  m_scoreboard.Upgrades().End(isDone, text);
  m_scoreboard.Announce();
}

}  // namespace switchboard

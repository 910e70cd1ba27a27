#include "net/hub/HubText.h"

#include <algorithm>
#include <cstring>

namespace switchboard {

namespace {

template <class Words>
void Load(const Words& words, size_t bytes, HubText& to) {
  for (size_t at = 0; at < bytes; at += sizeof(uint64_t)) {
    const uint64_t word = words[at / sizeof(uint64_t)].load(std::memory_order_acquire);
    std::memcpy(to.data() + at, &word, sizeof(word));
  }
}

template <class Words>
void Store(Words& words, std::string_view text) {
  for (size_t at = 0; at < text.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, std::min(sizeof(word), text.size() - at));
    words[at / sizeof(uint64_t)].store(word, std::memory_order_release);
  }
}

}  // namespace

// Whatever lies there, nothing beyond the seat is read: its owner may be anybody's by now.
std::string_view LoadHubText(const SHubSeat& seat, const SHubName& name, HubText& to) {
  const size_t length = std::min<size_t>(name.length.load(std::memory_order_acquire), to.size());
  if (length <= SHubName::kInline) {
    Load(name.words, length, to);
  } else {
    const uint32_t place = name.text.load(std::memory_order_acquire);
    if (place == 0 || place > SHubSeat::kTexts) return {};
    Load(seat.texts[place - 1].words, length, to);
  }
  return {to.data(), length};
}

void StoreHubText(SHubSeat& seat, SHubName& name, std::string_view text) {
  name.length.store(static_cast<uint8_t>(text.size()), std::memory_order_release);
  if (text.size() <= SHubName::kInline) {
    Store(name.words, text);
  } else {
    Store(seat.texts[name.text.load(std::memory_order_relaxed) - 1].words, text);
  }
}

}  // namespace switchboard

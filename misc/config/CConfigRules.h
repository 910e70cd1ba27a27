#pragma once

#include <functional>
#include <memory>
#include <mutex>  // for std::chrono's durations: <chrono> brings all of iostreams
#include <optional>
#include <string>
#include <vector>

namespace switchboard {

struct SConfigSection;
struct SConfigValue;

// What is wrong with a value, in a few words that follow the value's place and come before what is
// allowed: "0 is out of range"; nothing if it is allowed.
using ConfigComplaint = std::optional<std::string>;

// What every CConfigSection does, whatever its struct: the rules for values, how they look in
// messages, and the list of keys. Users meet SRange, TextCheck and the way in which values are
// written:
//
//   kind             TOML                     refused besides what is out of range
//   Flag             true, false              0, 1, "yes"
//   Number           8, 1_000, 0x10           8.0
//   Real             0.5, 1                   nan
//   Seconds          30, 0.25                 what is finer than a millisecond
//   Milliseconds     250                      0.5
//   Text             "words"                  a NUL in it
//   Texts            ["one", "two"]           a list with anything but such strings
//   OneOf            "name"                   capitals, unless the name has them
//
// On the command line a string needs no quotes: --set game.motto=hello.
// Threads: one, while the schema is made; then any.
class CConfigRules {
 public:
  // What a number may be, both ends included. Messages and --help-config say "least..most unit".
  struct SRange {
    int64_t least;
    int64_t most;
    std::string unit = {};  // such as "bytes", "connections (0: no limit)"
  };
  // Whether a text is allowed. It is called wherever a configuration is read: at the start, for -t,
  // and at each reload by the master. It must not throw, nor keep anything. A function, or a lambda
  // without captures.
  using TextCheck = bool (*)(const std::string&);
  static bool IsAnyText(const std::string&) { return true; }

 protected:
  // How a kind of value is read into a member and shown, whose address is all that is known of it.
  struct SRule;
  using RulePtr = std::shared_ptr<SRule>;
  using Copy = void (*)(void* p_to, const void* p_from);
  explicit CConfigRules(SConfigSection& section) : m_section(section) {}

  // Adds a key to the section; `at` finds its member in the section's struct. nullptr for `copy`:
  // it can't be Fixed.
  void Declare(std::string_view name, std::string_view about, RulePtr rule, Copy copy, std::function<void*(void*)> at);
  // Of the key that was declared last.
  void MakeFixed();
  void MakeRequired();

  static RulePtr FlagRule();
  static RulePtr NumberRule(const SRange& range, void (*p_store)(void*, int64_t), int64_t (*p_load)(const void*));
  static RulePtr RealRule(double least, double most, std::string_view unit);
  static RulePtr SecondsRule(double least, double most);
  static RulePtr MillisecondsRule(int64_t least, int64_t most);
  static RulePtr TextRule(std::string_view allowed, TextCheck isGood);
  static RulePtr TextsRule(std::string_view allowed, TextCheck isGood);
  // By the index of the name; one that is over all means that the member has a value without a
  // name.
  static RulePtr NamesRule(std::vector<std::string> names, std::function<void(void*, size_t)> store,
                           std::function<size_t(const void*)> load);

  SConfigSection& m_section;
};

}  // namespace switchboard

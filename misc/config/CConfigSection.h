#pragma once

#include <type_traits>

#include "misc/config/CConfigRules.h"

// Over the rule: a method for each kind of key, so that all of them can be seen at a glance.
namespace switchboard {

// Declares the keys of a section, whose values are the members of T; a default is what T's
// constructor gives, and isn't checked. Each call adds one key, and gives the section back for the
// next:
//
//   struct SGameConfig {
//     uint32_t players = 8;
//     std::chrono::milliseconds round{90000};
//   };
//   schema.Section<SGameConfig>("game", "the rules")
//       .Number("players", &SGameConfig::players, {2, 64, "players"}, "that a game needs to begin")
//       .Fixed()
//       .Seconds("round_s", &SGameConfig::round, 1, 3600, "that a round takes");
//
// A file says then:
//
//   [game]
//   players = 12
//   round_s = 0.5   # refused: "game.round_s: 0.5 is out of range; allowed: 1..3600 seconds"
//
// `name` is made of a-z, 0-9 and _, and new in the section: else std::logic_error, which stops the
// start.
// `field` is a pointer to a member of T, or a function T& → member&, which may be called at any
// time, for any T. `about` and what is allowed are for humans: --help-config shows both, a refusal
// ("file:line: game.players: 1 is out of range; allowed: 2..64 players") what is allowed. Copies
// share the section: use them as long as the schema lives.
// Threads: one.
template <class T>
class CConfigSection : private CConfigRules {
 public:
  using CConfigRules::SRange;

  // `part` finds the T in the section's struct. Made by CConfigSchema and Of.
  CConfigSection(SConfigSection& section, std::function<T&(void*)> part)
      : CConfigRules(section), m_part(std::move(part)) {}

  // A bool, written true or false. Name it so that both are said by it: "enabled", "writable".
  template <class Field>
  CConfigSection& Flag(std::string_view name, Field field, std::string_view about) {
    return Add<bool>(name, field, about, FlagRule());
  }
  // A whole number, of an integral type that holds all of the range: it isn't checked against the
  // type. If 0 has a meaning of its own, say so in the unit, which a refusal shows: {0, 1000,
  // "bytes (0: no limit)"}. Above 2^63 - 1 nothing can be written in TOML.
  template <class Field, class Type = std::remove_cvref_t<std::invoke_result_t<Field, T&>>>
  requires std::is_integral_v<Type> CConfigSection& Number(std::string_view name, Field field, const SRange& range,
                                                           std::string_view about) {
    const auto store = [](void* p, int64_t number) { *static_cast<Type*>(p) = static_cast<Type>(number); };
    const auto load = [](const void* p) { return static_cast<int64_t>(*static_cast<const Type*>(p)); };
    return Add<Type>(name, field, about, NumberRule(range, store, load));
  }
  // A double, least and most included; a whole number is taken as well. NaN is out of every range.
  // `unit` is for humans, and may be "".
  template <class Field>
  CConfigSection& Real(std::string_view name, Field field, double least, double most, std::string_view unit,
                       std::string_view about) {
    return Add<double>(name, field, about, RealRule(least, most, unit));
  }
  // A std::chrono::milliseconds, written in seconds, whole or decimal: for a key named …_s. `least`
  // and `most` are seconds as well. What isn't a whole number of milliseconds is refused and not
  // rounded: a tiny time would become a 0, which for some keys means "never".
  template <class Field>
  CConfigSection& Seconds(std::string_view name, Field field, double least, double most, std::string_view about) {
    return Add<std::chrono::milliseconds>(name, field, about, SecondsRule(least, most));
  }
  // A std::chrono::milliseconds, written in whole milliseconds: for a key named …_ms. `least` and
  // `most` as well.
  template <class Field>
  CConfigSection& Milliseconds(std::string_view name, Field field, int64_t least, int64_t most,
                               std::string_view about) {
    return Add<std::chrono::milliseconds>(name, field, about, MillisecondsRule(least, most));
  }
  // A std::string for which isGood holds; `allowed` says in words what that is. The empty string is
  // given to isGood like any other; a NUL is refused before. It is the bytes of the file, in UTF-8.
  // What is meant as a path isn't looked at: a worker that opens it finds it from
  // server.working_directory.
  template <class Field>
  CConfigSection& Text(std::string_view name, Field field, std::string_view allowed, std::string_view about,
                       TextCheck isGood = &IsAnyText) {
    return Add<std::string>(name, field, about, TextRule(allowed, isGood));
  }
  // A std::vector of such strings, in their order; none, [], is allowed. A list in the file
  // replaces all of the default, and isGood is asked about each of its strings.
  template <class Field>
  CConfigSection& Texts(std::string_view name, Field field, std::string_view allowed, std::string_view about,
                        TextCheck isGood = &IsAnyText) {
    return Add<std::vector<std::string>>(name, field, about, TextsRule(allowed, isGood));
  }
  // One of the names, each of which stands for a value, mostly of an enum; --help-config lists them
  // in this order:
  //
  //   .OneOf("mode", &SGameConfig::mode, {{"duel", EMode::kDuel}, {"team", EMode::kTeam}}, "of a new game")
  //
  // The value is of the member's own type. Two names for one value are fine, and the first is
  // shown. A default that has no name is shown as nothing.
  template <class Field, class Type = std::remove_cvref_t<std::invoke_result_t<Field, T&>>>
  CConfigSection& OneOf(std::string_view name, Field field,
                        const std::type_identity_t<std::vector<std::pair<std::string, Type>>>& choices,
                        std::string_view about) {
    std::vector<std::string> names;
    for (const auto& choice : choices) names.push_back(choice.first);
    const auto store = [choices](void* p, size_t index) { *static_cast<Type*>(p) = choices[index].second; };
    const auto load = [choices](const void* p) {
      size_t index = 0;
      while (index < choices.size() && choices[index].second != *static_cast<const Type*>(p)) ++index;
      return index;
    };
    return Add<Type>(name, field, about, NamesRule(std::move(names), store, load));
  }
  // What none of these is: `read` is ConfigComplaint(const SConfigValue&, T&), `show` is
  // std::string(const T&). Can't be Fixed. For the framework: misc/config/SpecialKey.h, which
  // defines it, isn't installed.
  template <class ReadValue, class ShowValue>
  CConfigSection& Special(std::string_view name, std::string_view allowed, std::string_view about, ReadValue read,
                          ShowValue show);

  // Of the key before: a reload can't change it, because something was made from it that outlives
  // the workers, or because all of them must agree on it. The running value stays then, and the log
  // names the key; a restart takes the new one. It does nothing in a list.
  CConfigSection& Fixed() { return MakeFixed(), *this; }
  // Of the key before: each table of the list must have it; one without is refused ("width is
  // missing"). In a section it does nothing: what a section lacks is the default.
  CConfigSection& Required() { return MakeRequired(), *this; }
  // The same section, for keys whose values are members of a part of T; their names are beside the
  // others', so a part has no table of its own:
  //
  //   section.Of(&SGameConfig::board).Number("rows", &SBoard::rows, {3, 19, "rows"}, "of the board");
  template <class Part>
  CConfigSection<Part> Of(Part T::*p_part) {
    return {m_section, [part = m_part, p_part](void* p) -> Part& { return part(p).*p_part; }};
  }

 private:
  template <class Type, class Field>
  CConfigSection& Add(std::string_view name, Field field, std::string_view about, const RulePtr& rule) {
    // Exactly that type: a Text is a std::string and not a std::filesystem::path, Seconds are
    // milliseconds.
    static_assert(std::is_same_v<std::invoke_result_t<Field, T&>, Type&>, "the key is of another kind than the member");
    const Copy copy = [](void* p_to, const void* p_from) {
      *static_cast<Type*>(p_to) = *static_cast<const Type*>(p_from);
    };
    Declare(name, about, rule, copy, [part = m_part, field](void* p) { return &std::invoke(field, part(p)); });
    return *this;
  }

  const std::function<T&(void*)> m_part;
};

}  // namespace switchboard

// SPDX-License-Identifier: Apache-2.0
// The log: order, idempotence, filters, full text. Part of the contract of every engine.
#include "support.hpp"

namespace rescue::store {
namespace {
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LogTest : public StoreTest {
 protected:
  std::vector<std::int64_t> query(const LogFilter& filter, LogOrder order = LogOrder::newest_first,
                                  std::size_t page = 0) {
    std::vector<std::int64_t> ids;
    std::string cursor;
    do {
      auto got = ok_value(read([&](ReadTransaction& tx) { return log::query(tx, filter, order, cursor, page); }));
      for (const auto& e : got.items) ids.push_back(e.id);
      cursor = got.next_cursor;
    } while (!cursor.empty());
    return ids;
  }
  NewEvent chat(std::string text, std::optional<base::Guid> session = {}, std::optional<base::Guid> technician = {}) {
    NewEvent e;
    e.type = EventType::chat_message;
    e.session = session;
    e.technician = technician;
    e.source = session ? EventSource::console : EventSource::broker;
    e.actor = "ada@x";
    e.data = R"({"text":"…"})";
    e.search_text = std::move(text);
    return e;
  }
  std::vector<std::int64_t> search(std::string text) {
    LogFilter f;
    f.text = std::move(text);
    return query(f);
  }
};

TEST_F(LogTest, AnEventComesBackAsItWasStored) {
  NewEvent e;
  e.session = id();
  e.technician = id();
  e.origin = id();
  e.source = EventSource::console;
  e.seq = 1;
  e.time = kNow - 5s;
  e.type = EventType::file_sent;
  e.actor = "ada@x";
  e.data = R"({"name":"a.txt","size":12})";
  const auto appended = append(e);
  const auto got = ok_value(read([&](ReadTransaction& tx) { return log::get(tx, appended.id); }));
  const LogEvent expected{appended.id, e.session, e.technician, e.source, e.origin, 1,
                          e.time,      kNow,      e.type,       e.actor,  e.data};
  EXPECT_EQ(got, expected);
}

TEST_F(LogTest, ARepeatedSequenceNumberIsStoredOnce) {
  auto e = chat("hi", id());
  e.seq = 1;
  const auto first = append(e);
  const auto again = append(e);
  EXPECT_TRUE(again.duplicate);
  EXPECT_FALSE(again.differs);
  EXPECT_EQ(again.id, first.id);
  e.data = R"({"text":"other"})";
  EXPECT_TRUE(append(e).differs);
  e.source = EventSource::applet;  // counts for itself
  EXPECT_FALSE(append(e).duplicate);
  e.origin = id();
  EXPECT_FALSE(append(e).duplicate);
  EXPECT_EQ(query({}).size(), 3u);
}

TEST_F(LogTest, TheNextNumberIsGivenPerSessionAndSource) {
  const auto s = id();
  EXPECT_EQ(append(chat("a", s)).seq, 1u);
  EXPECT_EQ(append(chat("b", s)).seq, 2u);
  EXPECT_EQ(append(chat("c", id())).seq, 1u);
  EXPECT_EQ(append(chat("d")).seq, 1u);
  EXPECT_EQ(append(chat("e")).seq, 2u);
}

TEST_F(LogTest, HolesInTheNumbersAreFound) {
  auto e = chat("x", id());
  for (const std::uint64_t seq : {3u, 4u, 8u}) {
    e.seq = seq;
    append(e);
  }
  const auto missing = [&] {
    return ok_value(read([&](ReadTransaction& tx) { return log::missing(tx, *e.session, e.source); }));
  };
  EXPECT_THAT(missing(), ElementsAre(SeqRange{1, 2}, SeqRange{5, 7}));
  e.seq = 6;
  append(e);
  EXPECT_THAT(missing(), ElementsAre(SeqRange{1, 2}, SeqRange{5, 5}, SeqRange{7, 7}));
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return log::last_seq(tx, e.session, e.source); })), 8u);
}

TEST_F(LogTest, ServerTimeNeverGoesBackAlongTheIds) {
  append(chat("a"), kNow);
  const auto later = append(chat("b"), kNow - 1h);  // the wall clock was set back
  EXPECT_EQ(ok_value(read([&](ReadTransaction& tx) { return log::get(tx, later.id); })).server_time, kNow);
}

TEST_F(LogTest, EveryFilterGivesTheSameAsLookingAtEachRow) {
  const std::array<base::Guid, 3> session_ids{id(), id(), id()};
  const std::array<base::Guid, 2> technicians{id(), id()};
  std::vector<LogEvent> all;
  for (std::uint64_t i = 0; i < 120; ++i) {
    NewEvent e;
    if (i % 4 != 3) e.session = session_ids[i % 3];
    if (i % 5 != 4) e.technician = technicians[i % 2];
    e.source = i % 3 == 0 ? EventSource::console : EventSource::broker;
    e.type = static_cast<EventType>(i % 7);
    e.actor = "x";
    const auto appended = append(e, kNow + std::chrono::seconds(i / 2));
    all.push_back(ok_value(read([&](ReadTransaction& tx) { return log::get(tx, appended.id); })));
  }
  const std::optional<base::WallTime> times[] = {{}, kNow + 10s, kNow + 41s, kNow + 1h};
  int nonempty = 0;
  for (int mask = 0; mask < 16; ++mask) {
    for (const auto& since : times) {
      for (const auto& until : times) {
        LogFilter f;
        f.since = since;
        f.until = until;
        if (mask & 1) f.session = session_ids[1];
        if (mask & 2) f.technician = technicians[0];
        if (mask & 4) f.types = {EventType::session_created, static_cast<EventType>(4), static_cast<EventType>(6)};
        if (mask & 8) f.source = EventSource::console;
        std::vector<std::int64_t> expected;
        for (const auto& e : all) {
          if (f.session && e.session != f.session) continue;
          if (f.technician && e.technician != f.technician) continue;
          if (!f.types.empty() && std::find(f.types.begin(), f.types.end(), e.type) == f.types.end()) continue;
          if (f.source && e.source != *f.source) continue;
          if (since && e.server_time < *since) continue;
          if (until && e.server_time >= *until) continue;
          expected.push_back(e.id);
        }
        nonempty += expected.empty() ? 0 : 1;
        EXPECT_EQ(query(f, LogOrder::oldest_first, 7), expected) << "mask " << mask;
        std::reverse(expected.begin(), expected.end());
        EXPECT_EQ(query(f, LogOrder::newest_first, 7), expected) << "mask " << mask;
      }
    }
  }
  EXPECT_GT(nonempty, 60);
}

TEST_F(LogTest, WordsAreFoundNewestFirstWhateverTheirCaseOrAccents) {
  const auto s = id();
  const auto a = append(chat("Please restart the PRINTER", s)).id;
  const auto b = append(chat("the printer is café-red", s)).id;
  append(chat("nothing here", s));
  EXPECT_THAT(search("printer"), ElementsAre(b, a));
  EXPECT_THAT(search("the printer"), ElementsAre(b, a));
  EXPECT_THAT(search("cafe"), ElementsAre(b));
  EXPECT_THAT(search("printer restart"), ElementsAre(a));
  EXPECT_THAT(search("\"restart printer\""), IsEmpty());
  EXPECT_THAT(search("\"restart the\""), ElementsAre(a));
  EXPECT_THAT(search("print"), IsEmpty());
}

TEST_F(LogTest, TextAndOtherFiltersWorkTogetherPageByPage) {
  const auto s = id();
  const auto ada = id();
  const auto bob = id();
  std::vector<std::int64_t> ada_ids;
  for (int i = 0; i < 12; ++i) {
    const auto e =
        append(chat("common word", i % 3 == 0 ? std::optional(s) : std::optional(id()), i % 2 == 0 ? ada : bob),
               kNow + std::chrono::seconds(i));
    if (i % 2 == 0) ada_ids.insert(ada_ids.begin(), e.id);
  }
  LogFilter f;
  f.text = "common";
  f.technician = ada;
  EXPECT_EQ(query(f, LogOrder::newest_first, 4), ada_ids);
  f.session = s;
  EXPECT_EQ(query(f, LogOrder::newest_first, 1).size(), 2u);
  f.since = kNow + 1s;
  EXPECT_EQ(query(f, LogOrder::newest_first).size(), 1u);
  // The tags are a column of their own: they are no words of the text.
  EXPECT_THAT(search("t" + base::to_hex(ada.bytes())), IsEmpty());
}

TEST_F(LogTest, NothingThatPeopleTypeIsSyntax) {
  const auto a = append(chat("near or not tags text \"quoted\" 50% C++", id())).id;
  const char* const hostile[] = {"\"",
                                 "\"\"",
                                 "\"\"\"",
                                 "*",
                                 "NEAR",
                                 "NEAR(",
                                 "NEAR/2",
                                 "AND",
                                 "OR NOT",
                                 "a AND",
                                 "(",
                                 ")",
                                 "text:",
                                 "tags : x",
                                 "^near",
                                 "near*",
                                 "{text} : near",
                                 "-near",
                                 "+near",
                                 "'",
                                 "';--",
                                 "\\",
                                 "\xff\xfe",
                                 "a\xc3",
                                 "\x01",
                                 "%",
                                 "?1",
                                 ":x",
                                 "near\" OR \"x",
                                 "…",
                                 "。"};
  for (const auto* text : hostile) {
    LogFilter f;
    f.text = text;
    EXPECT_OK(read([&](ReadTransaction& tx) { return log::query(tx, f, LogOrder::newest_first); })) << text;
  }
  LogFilter with_nul;
  with_nul.text = std::string("near\0not", 8);
  EXPECT_THAT(query(with_nul), ElementsAre(a));
  EXPECT_THAT(search("NEAR"), ElementsAre(a));
  EXPECT_THAT(search("near*"), ElementsAre(a));
  EXPECT_THAT(search("OR NOT"), ElementsAre(a));
  EXPECT_THAT(search("text:"), ElementsAre(a));
  EXPECT_THAT(search("\"quoted"), ElementsAre(a));
  EXPECT_THAT(search("50%"), ElementsAre(a));
  EXPECT_THAT(search("* \" ("), IsEmpty());
  EXPECT_THAT(search(""), IsEmpty());
  EXPECT_THAT(search(std::string(10'000, 'x')), IsEmpty());
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "near ";
  EXPECT_THAT(search(many), ElementsAre(a));
}

TEST_F(LogTest, ATailContinuesBehindAnId) {
  const auto a = append(chat("1")).id;
  const auto b = append(chat("2")).id;
  const auto c = append(chat("3")).id;
  const auto tail = [&](std::int64_t after, std::size_t limit) {
    std::vector<std::int64_t> ids;
    for (const auto& e : ok_value(read([&](ReadTransaction& tx) { return log::tail(tx, after, limit); })))
      ids.push_back(e.id);
    return ids;
  };
  EXPECT_THAT(tail(0, 2), ElementsAre(a, b));
  EXPECT_THAT(tail(b, 10), ElementsAre(c));
  EXPECT_THAT(tail(c, 10), IsEmpty());
  EXPECT_EQ(ok_value(read([](ReadTransaction& tx) { return log::newest_id(tx); })), c);
}

TEST_F(LogTest, AForeignCursorIsRefused) {
  const auto with = [&](std::string cursor) {
    return read([&](ReadTransaction& tx) { return log::query(tx, {}, LogOrder::newest_first, cursor); });
  };
  EXPECT_CODE(with("!"), base::Errc::invalid_argument);
  EXPECT_CODE(with("AAAA"), base::Errc::invalid_argument);
  EXPECT_CODE(with("AAAAAAAAAAAAAAAAAAAAAA"), base::Errc::invalid_argument);
}

}  // namespace
}  // namespace rescue::store

// SPDX-License-Identifier: Apache-2.0
#include "audit/intake.hpp"

#include "audit/event_types.hpp"
#include "audit/query.hpp"
#include "crypto/receipt.hpp"
#include "store/sessions.hpp"
#include "unit/store/support.hpp"
#include "wire/permission.hpp"

namespace rescue::audit {
namespace {
using store::has_code;
using store::is_ok;
using store::kNow;
using store::ok_value;
using store::ReadTransaction;
using store::SeqRange;
using store::Transaction;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class IntakeTest : public store::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    technician_ = id();
    sender_ = {id(), EventSource::console, technician_, technician_, "ada@x"};
  }
  static IncomingEvent chat(std::uint64_t seq, std::string text = "hello") {
    return {seq, kNow, "chat.message", "", R"({"from":"technician","text":")" + text + "\"}"};
  }
  base::Result<IntakeResult> take(std::vector<IncomingEvent> batch, std::optional<Sender> sender = {}) {
    return write([&](Transaction& tx) { return audit::take(tx, sender.value_or(sender_), batch, kNow); });
  }
  std::vector<store::LogEvent> rows() {
    return ok_value(read([](ReadTransaction& tx) {
             return store::log::query(tx, {}, store::LogOrder::oldest_first, {}, store::kMaxPage);
           }))
        .items;
  }
  /// The batch is refused, nothing is stored, and the message names `what`.
  void expect_refused(IncomingEvent event, base::ErrorCode code, std::string what) {
    const auto taken = take({chat(1), event});
    EXPECT_TRUE(has_code(taken, code));
    EXPECT_THAT(taken ? "" : taken.error().message(), HasSubstr(what));
    EXPECT_FALSE(check(sender_, std::vector{event}).has_value());
    EXPECT_THAT(rows(), IsEmpty());
  }
  base::Guid technician_;
  Sender sender_;
};

TEST_F(IntakeTest, ABatchIsStoredOnceHoweverOftenItComes) {
  const std::vector<IncomingEvent> batch = {chat(1), chat(2), chat(3)};
  auto first = ok_value(take(batch));
  EXPECT_EQ(first.accepted_through, 3u);
  EXPECT_EQ(first.stored, 3u);
  auto again = ok_value(take(batch));
  EXPECT_EQ(again.accepted_through, 3u);
  EXPECT_EQ(again.stored, 0u);
  EXPECT_EQ(again.duplicates, 3u);
  EXPECT_EQ(again.differing, 0u);
  auto overlapping = ok_value(take({chat(3), chat(4)}));
  EXPECT_EQ(overlapping.accepted_through, 4u);
  EXPECT_EQ(overlapping.stored, 1u);
  ASSERT_EQ(rows().size(), 4u);
  const auto e = rows()[0];
  EXPECT_EQ(e.actor, "ada@x");
  EXPECT_EQ(e.technician, technician_);
  EXPECT_EQ(e.session, sender_.session);
  EXPECT_EQ(e.data, R"({"from":"technician","text":"hello"})");
}

TEST_F(IntakeTest, TwoConsolesOfOneSessionCountForThemselves) {
  EXPECT_OK(take({chat(1)}));
  auto second = sender_;
  second.origin = id();
  EXPECT_EQ(ok_value(take({chat(1)}, second)).stored, 1u);
  auto applet = sender_;
  applet.source = EventSource::applet;
  applet.origin.reset();
  EXPECT_EQ(ok_value(take({chat(1)}, applet)).stored, 1u);
}

TEST_F(IntakeTest, AGapIsStoredAsItIsReportedAndFilledLate) {
  EXPECT_OK(take({chat(1), chat(2)}));
  const auto gapped = ok_value(take({chat(5), chat(9)}));
  EXPECT_EQ(gapped.accepted_through, 9u);
  EXPECT_THAT(gapped.gaps, ElementsAre(SeqRange{3, 4}, SeqRange{6, 8}));
  const auto alert = rows().back();
  EXPECT_EQ(alert.type, EventType::alert);
  EXPECT_EQ(alert.source, EventSource::broker);
  EXPECT_EQ(alert.session, sender_.session);
  EXPECT_EQ(alert.data, R"({"missing":[[3,4],[6,8]],"gaps":2,"reason":"log_gap","source":"console"})");
  const auto late = ok_value(take({chat(3), chat(4)}));
  EXPECT_EQ(late.stored, 2u);
  EXPECT_EQ(late.accepted_through, 9u);
  EXPECT_THAT(late.gaps, IsEmpty());
  EXPECT_THAT(ok_value(read([&](ReadTransaction& tx) {
                return store::log::missing(tx, sender_.session, EventSource::console, sender_.origin);
              })),
              ElementsAre(SeqRange{6, 8}));
}

TEST_F(IntakeTest, AConsoleWithANewKeyBeginsANewRunOfNumbersWithoutAGap) {
  EXPECT_OK(take({chat(1), chat(2)}));
  const auto other_machine = ok_value(take({chat(kRun + 1), chat(kRun + 2)}));
  EXPECT_THAT(other_machine.gaps, IsEmpty());
  EXPECT_EQ(other_machine.accepted_through, kRun + 2);
  // What the first one had spooled is neither taken for a repeat nor acknowledged before it has come.
  const auto spooled = ok_value(take({chat(3)}));
  EXPECT_EQ(spooled.stored, 1u);
  EXPECT_EQ(spooled.accepted_through, 3u);
  EXPECT_THAT(spooled.gaps, IsEmpty());
  EXPECT_THAT(ok_value(take({chat(kRun + 4)})).gaps, ElementsAre(SeqRange{kRun + 3, kRun + 3}));
  EXPECT_THAT(ok_value(take({chat(2 * kRun + 2)})).gaps, ElementsAre(SeqRange{2 * kRun + 1, 2 * kRun + 1}));
  auto gateway = sender_;
  gateway.source = EventSource::gateway;
  auto alert = chat(kRun + 1);
  alert.type = "alert";
  EXPECT_THAT(ok_value(take({alert}, gateway)).gaps, ElementsAre(SeqRange{1, kRun})) << "only consoles have runs";
}

TEST_F(IntakeTest, AGapAtTheVeryStartIsReportedToo) {
  EXPECT_THAT(ok_value(take({chat(4)})).gaps, ElementsAre(SeqRange{1, 3}));
}

TEST_F(IntakeTest, ARepeatThatSaysSomethingElseKeepsTheFirstAndRaisesAnAlert) {
  EXPECT_OK(take({chat(1, "yes")}));
  const auto changed = ok_value(take({chat(1, "no")}));
  EXPECT_EQ(changed.differing, 1u);
  EXPECT_THAT(rows()[0].data, HasSubstr("yes"));
  EXPECT_EQ(rows().back().type, EventType::alert);
  EXPECT_THAT(rows().back().data, HasSubstr("log_differs"));
  // The same content in another notation is no difference.
  auto spaced = chat(1);
  spaced.data = R"( { "from" : "technician", "text" : "y\u0065s" } )";
  EXPECT_EQ(ok_value(take({spaced})).differing, 0u);
}

TEST_F(IntakeTest, TypesOutsideTheListOrOfOthersAreRefused) {
  auto e = chat(2);
  for (const auto* type : {"", "chat", "chat.message ", "CHAT.MESSAGE", "session.created", "auth.login", "user.created",
                           "gateway.lost", "session.noted", "x\x1b[31m"}) {
    e.type = type;
    expect_refused(e, base::Errc::invalid_argument, "event 2: type");
  }
  auto applet = sender_;
  applet.source = EventSource::applet;
  e.type = "recording.gap";
  EXPECT_OK(check(sender_, std::vector{e}));
  EXPECT_CODE(check(applet, std::vector{e}), base::Errc::invalid_argument);
}

TEST_F(IntakeTest, MalformedFieldsAreRefusedByName) {
  auto e = chat(2);
  e.seq = 0;
  expect_refused(e, base::Errc::invalid_argument, "seq");
  e = chat(kMaxSeq + 1);
  expect_refused(e, base::Errc::invalid_argument, "seq");
  e = chat(2);
  e.time = base::WallTime();
  expect_refused(e, base::Errc::invalid_argument, "time");
  e.time = base::WallTime::max();
  expect_refused(e, base::Errc::invalid_argument, "time");
  e = chat(2);
  for (const auto& actor : {std::string(301, 'a'), std::string("a\nb"), std::string("\xff"), std::string("\x7f")}) {
    e.actor = actor;
    expect_refused(e, base::Errc::invalid_argument, "actor");
  }
  e = chat(2);
  for (const auto* data : {"", "[]", "null", "1", "{", "{}x", "{\"a\":\"\xff\"}", "{'a':1}",
                           R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}})"}) {
    e.data = data;
    expect_refused(e, base::Errc::invalid_argument, "data");
  }
  e.data = "{\"a\":\"" + std::string(kMaxEventDataBytes, 'x') + "\"}";
  expect_refused(e, base::Errc::too_large, "data");
}

TEST_F(IntakeTest, AnAppletCannotFillTheLogForEver) {
  auto applet = sender_;
  applet.source = EventSource::applet;
  EXPECT_OK(take({chat(kMaxAppletSeq)}, applet));
  EXPECT_CODE(take({chat(kMaxAppletSeq + 1)}, applet), base::Errc::invalid_argument);
  EXPECT_OK(take({chat(kMaxAppletSeq + 1)}));  // a console's technician is known
}

TEST_F(IntakeTest, BatchesAreLimitedAndAscending) {
  std::vector<IncomingEvent> batch;
  for (std::uint64_t seq = 1; seq <= kMaxBatch; ++seq) batch.push_back(chat(seq));
  EXPECT_OK(check(sender_, batch));
  batch.push_back(chat(kMaxBatch + 1));
  EXPECT_CODE(take(batch), base::Errc::too_large);
  EXPECT_CODE(take({chat(2), chat(1)}), base::Errc::invalid_argument);
  EXPECT_CODE(take({chat(1), chat(1)}), base::Errc::invalid_argument);
  EXPECT_THAT(rows(), IsEmpty());
  EXPECT_EQ(ok_value(take({})).accepted_through, 0u);
}

TEST_F(IntakeTest, ChatTextIsSearchable) {
  EXPECT_OK(take({chat(1, "the blue\\u0000 screen"), chat(2, "nothing")}));
  LogQuery q;
  q.filter.text = "screen blue";
  const auto found = ok_value(read([&](ReadTransaction& tx) { return query(tx, q); }));
  ASSERT_EQ(found.items.size(), 1u);
  EXPECT_EQ(found.items[0].seq, 1u);
}

// ---- receipts

class ReceiptIntakeTest : public IntakeTest {
 protected:
  void SetUp() override {
    IntakeTest::SetUp();
    const auto session = stored_session(stored_user("ada@x")).id;
    sender_ = {session, EventSource::applet, technician_, std::nullopt, "user"};
    const store::AppletKey bound{session,
                                 base::to_bytes(applet_.fingerprint()),
                                 applet_.public_key().spki(),
                                 "host",
                                 "os",
                                 "user",
                                 "1",
                                 "192.0.2.1",
                                 kNow};
    ASSERT_TRUE(is_ok(write([&](Transaction& tx) { return store::applet_keys::insert(tx, bound); })));
  }
  [[nodiscard]] crypto::Receipt receipt() const {
    crypto::Receipt r;
    r.session = sender_.session;
    r.technician = technician_;
    r.number = 4;
    r.prompt = 1;
    r.permissions = wire::PermissionSet{wire::Permission::desktop_view}.bits();
    r.answer = crypto::ReceiptAnswer::yes;
    r.at = kNow;
    return r;
  }
  [[nodiscard]] IncomingEvent granted(const crypto::Receipt& r, const crypto::PrivateKey& key,
                                      std::string type = "consent.granted", int number = 4) const {
    const auto text = base::to_base64url(ok_value(crypto::sign_receipt(r, key)));
    return {1, kNow, std::move(type), "",
            R"({"permission":"desktop_view","receipt":)" + std::to_string(number) + R"(,"signed":")" + text + "\"}"};
  }
  /// What the alert says of the event; empty: there is none. The event is stored in either case.
  std::string complaint(const IncomingEvent& event) {
    EXPECT_EQ(ok_value(take({event})).stored, 1u);
    const auto all = rows();
    EXPECT_EQ(all.front().type, *store::parse_event_type(event.type));
    if (all.size() == 1) return {};
    EXPECT_EQ(all.back().type, EventType::alert);
    EXPECT_THAT(all.back().data, HasSubstr("bad_receipt"));
    return all.back().data;
  }
  crypto::PrivateKey applet_ = crypto::PrivateKey::generate(crypto::KeyKind::p256).value();
};

TEST_F(ReceiptIntakeTest, AGoodReceiptIsStoredWithoutAWord) { EXPECT_EQ(complaint(granted(receipt(), applet_)), ""); }
TEST_F(ReceiptIntakeTest, AYesWithoutAReceiptIsAnAlert) {
  EXPECT_THAT(complaint({1, kNow, "consent.granted", "", R"({"permission":"desktop_view"})"}),
              HasSubstr("without a receipt"));
}
TEST_F(ReceiptIntakeTest, AReceiptByAnotherKeyIsAnAlert) {
  EXPECT_THAT(complaint(granted(receipt(), crypto::PrivateKey::generate(crypto::KeyKind::p256).value())),
              HasSubstr("not signed by the session's key"));
}
TEST_F(ReceiptIntakeTest, AReceiptOfAnotherSessionIsAnAlert) {
  auto r = receipt();
  r.session = technician_;
  EXPECT_THAT(complaint(granted(r, applet_)), HasSubstr("another session"));
}
TEST_F(ReceiptIntakeTest, AReceiptOfAnotherNumberIsAnAlert) {
  EXPECT_THAT(complaint(granted(receipt(), applet_, "consent.granted", 5)), HasSubstr("another number"));
}
TEST_F(ReceiptIntakeTest, ANoThatIsSaidToBeAYesIsAnAlert) {
  auto r = receipt();
  r.answer = crypto::ReceiptAnswer::no;
  EXPECT_THAT(complaint(granted(r, applet_)), HasSubstr("says something else"));
}
TEST_F(ReceiptIntakeTest, AYesToSomethingElseIsAnAlert) {
  auto r = receipt();
  r.permissions = wire::PermissionSet{wire::Permission::send_files}.bits();
  EXPECT_THAT(complaint(granted(r, applet_)), HasSubstr("other permissions"));
}
TEST_F(ReceiptIntakeTest, WhatTheConsoleHeardIsCheckedToo) {
  sender_.source = EventSource::console;
  sender_.origin = technician_;
  auto r = receipt();
  r.answer = crypto::ReceiptAnswer::no;
  EXPECT_THAT(complaint(granted(r, applet_)), HasSubstr("says something else"));
}

TEST_F(IntakeTest, TheBrokersOwnEventsPassTheSameChecks) {
  store::NewEvent e;
  e.time = kNow;
  e.type = EventType::alert;
  e.data = R"({"reason":"stolen ticket"})";
  EXPECT_OK(write([&](Transaction& tx) { return record(tx, e, kNow); }));
  e.type = EventType::chat_message;
  EXPECT_CODE(write([&](Transaction& tx) { return record(tx, e, kNow); }), base::Errc::invalid_argument);
  e.type = EventType::alert;
  e.data = "no object";
  EXPECT_CODE(write([&](Transaction& tx) { return record(tx, e, kNow); }), base::Errc::invalid_argument);
}

TEST(EventTypes, EachNameReadsBackAndSaysWhatItMeans) {
  for (const auto& rule : kEventRules) {
    EXPECT_EQ(store::parse_event_type(store::to_string(rule.type)), rule.type);
    EXPECT_TRUE(rule.meaning.ends_with('.')) << store::to_string(rule.type);
    EXPECT_NE(rule.sources, 0) << store::to_string(rule.type);
  }
  EXPECT_EQ(store::parse_event_type("session.destroyed"), std::nullopt);
}

TEST(ParseQuery, TakesEveryParameter) {
  const auto q = ok_value(
      parse_query({"01234567-89ab-4def-8123-456789abcdef", "11234567-89ab-4def-8123-456789abcdef",
                   "chat.message,file.*,chat.message", "applet", "2h", "2023-11-14T22:13:20Z", "blue", "oldest"},
                  kNow));
  EXPECT_EQ(q.filter.session->text(), "01234567-89ab-4def-8123-456789abcdef");
  EXPECT_EQ(q.filter.types.size(), 6u);
  EXPECT_EQ(q.filter.source, EventSource::applet);
  EXPECT_EQ(q.filter.since, kNow - std::chrono::hours(2));
  EXPECT_EQ(q.filter.until, kNow);
  EXPECT_EQ(q.filter.text, "blue");
  EXPECT_EQ(q.order, store::LogOrder::oldest_first);
  EXPECT_EQ(ok_value(parse_query({}, kNow)).order, store::LogOrder::newest_first);
}

TEST(ParseQuery, NamesTheParameterThatIsWrong) {
  const auto expect = [](QueryText text, std::string_view name) {
    const auto q = parse_query(text, kNow);
    ASSERT_FALSE(q.has_value()) << name;
    EXPECT_TRUE(q.error().code == base::Errc::invalid_argument);
    EXPECT_TRUE(q.error().message().starts_with(name)) << q.error().message();
  };
  QueryText t;
  t.session = "12";
  expect(t, "session:");
  t = {};
  t.technician = "ada@x";
  expect(t, "technician:");
  for (const auto* type : {"nope", "nope.*", "*", ".*", "chat.message,,", ","}) {
    t = {};
    t.type = type;
    expect(t, "type:");
  }
  t = {};
  t.source = "me";
  expect(t, "source:");
  t = {};
  t.since = "yesterday";
  expect(t, "since:");
  t = {};
  t.until = "12";
  expect(t, "until:");
  t = {};
  t.text = std::string(501, 'x');
  expect(t, "text:");
  t = {};
  t.order = "up";
  expect(t, "order:");
}

TEST(Matches, AgreesWithTheFilter) {
  store::LogEvent e;
  e.session = base::Guid::parse("01234567-89ab-4def-8123-456789abcdef").value();
  e.type = EventType::chat_message;
  e.source = EventSource::console;
  e.server_time = kNow;
  store::LogFilter f;
  EXPECT_TRUE(matches(f, e));
  f.session = e.session;
  f.types = {EventType::alert, EventType::chat_message};
  f.source = EventSource::console;
  f.since = kNow;
  EXPECT_TRUE(matches(f, e));
  f.until = kNow;
  EXPECT_FALSE(matches(f, e));
  f.until.reset();
  f.types = {EventType::alert};
  EXPECT_FALSE(matches(f, e));
  f.types.clear();
  f.technician = e.session;
  EXPECT_FALSE(matches(f, e));
}

}  // namespace
}  // namespace rescue::audit

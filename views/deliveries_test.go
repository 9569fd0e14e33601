package views

import (
	"testing"
	"time"

	"fairlead"
)

func TestEveryVerdictHasAWordAToneAndAPoint(t *testing.T) {
	for _, v := range fairlead.Verdicts() {
		words, ok := verdicts[v]
		if !ok || words.name == "" || words.title == "" || words.tone == "" {
			t.Errorf("%s has no words", v)
		}
		if v.IsIgnored() != (words.name == "Ignored" && words.tone == ToneMute) {
			t.Errorf("%s is called %s, in the tone %s", v, words.name, words.tone)
		}
	}
	if len(verdicts) != len(fairlead.Verdicts()) {
		t.Errorf("there are words for %d verdicts of %d", len(verdicts), len(fairlead.Verdicts()))
	}
}

func TestADeliverysLadderNeverTicksWhatDidNotHappen(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 41, 6, 0, time.UTC)
	for name, one := range map[string]struct {
		delivery fairlead.Delivery
		want     []Rung
	}{
		"recorded": {
			fairlead.Delivery{State: fairlead.DeliveryDone, Source: fairlead.SourceWebhook, Verdict: fairlead.VerdictRecorded, ReceivedAt: at, FinishedAt: at.Add(31 * time.Millisecond)},
			[]Rung{{Tone: ToneOK, Name: "Received and stored", Evidence: "09:41:06"}, {Tone: ToneOK, Name: "Signature matches this link’s secret"}, {Tone: ToneOK, Name: "Recorded", Strong: true, Evidence: "31 ms"}},
		},
		"caught up": {
			fairlead.Delivery{State: fairlead.DeliveryDone, Source: fairlead.SourceCatchUp, Verdict: fairlead.VerdictCaughtUp, ReceivedAt: at},
			[]Rung{{Tone: ToneWarn, Name: "Webhook", Evidence: "never came"}, {Tone: ToneOK, Name: "Found by asking the host", Evidence: "09:41:06"}, {Tone: ToneOK, Name: "Recorded", Strong: true}},
		},
		"retried": {
			fairlead.Delivery{State: fairlead.DeliveryWaiting, Source: fairlead.SourceWebhook, Verdict: fairlead.VerdictWaiting, ReceivedAt: at, Attempts: 2, NextAt: at.Add(time.Minute), Reason: "Bitbucket answered 503."},
			[]Rung{{Tone: ToneOK, Name: "Received and stored", Evidence: "09:41:06"}, {Tone: ToneOK, Name: "Signature matches this link’s secret"},
				{Tone: ToneRun, Name: "Waiting to be processed", Strong: true, Notes: []string{"Bitbucket answered 503.", "2 tries so far. The next one is at 09:42:06."}}},
		},
	} {
		got := deliveryLadder(one.delivery, true)
		if len(got) != len(one.want) {
			t.Fatalf("%s: got %+v", name, got)
		}
		for i, want := range one.want {
			if g := got[i]; g.Tone != want.Tone || g.Name != want.Name || g.Evidence != want.Evidence || g.Strong != want.Strong || len(g.Notes) != len(want.Notes) {
				t.Errorf("%s: got %+v, want %+v", name, g, want)
			} else {
				for n := range want.Notes {
					if g.Notes[n] != want.Notes[n] {
						t.Errorf("%s: got %q, want %q", name, g.Notes[n], want.Notes[n])
					}
				}
			}
		}
	}
}

func TestDurationsReadAsPeopleSayThem(t *testing.T) {
	for took, want := range map[time.Duration]string{
		0: "", 300 * time.Microsecond: "1 ms", 31 * time.Millisecond: "31 ms", 4200 * time.Millisecond: "4.2 s", 3 * time.Minute: "3 min", 5 * time.Hour: "5 h",
	} {
		if got := tookWords(took); got != want {
			t.Errorf("%s: got %q, want %q", took, got, want)
		}
	}
}

func TestALogLeadsToItsOwnPagesAndAsksForItselfAlone(t *testing.T) {
	older := fairlead.Cursor{At: time.UnixMilli(5), Place: 7}
	for name, one := range map[string]struct {
		log                    DeliveryLog
		href, part, newerThere string
	}{
		"of a link": {DeliveryLog{Project: "ORDERS", Link: "rl_1", Show: fairlead.ShowIgnored, Newest: older},
			"/projects/ORDERS/repositories/rl_1?show=ignored&before=5-7", "/projects/ORDERS/repositories/rl_1/deliveries?show=ignored&before=5-7",
			"/projects/ORDERS/repositories/rl_1/deliveries/newer?show=ignored&after=5-7"},
		"of a project": {DeliveryLog{Project: "ORDERS", Show: fairlead.ShowAll},
			"/projects/ORDERS/deliveries?before=5-7", "/projects/ORDERS/deliveries?before=5-7", "/projects/ORDERS/deliveries/newer"},
	} {
		turn := one.log.turn(one.log.Show, older)
		if turn["href"] != one.href || turn["hx-push-url"] != one.href || turn["hx-get"] != one.part || one.log.newerHref() != one.newerThere {
			t.Errorf("%s: got %v and %s", name, turn, one.log.newerHref())
		}
	}
}

func TestAPayloadIsShownAsPeopleReadItWhateverItIs(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":[1,2]}`:  "{\n  \"a\": [\n    1,\n    2\n  ]\n}",
		"not json {":   "not json {",
		"\xff\xfe\x00": "3 bytes that are not text",
	} {
		if got := payloadText([]byte(body)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

package hl7

import (
	"strings"
	"testing"
	"time"
)

func TestWhoLooksAfterAPatient(t *testing.T) {
	msh := func(kind string) string { return "MSH|^~\\&|ADT1|MCM|EHR|MCM|202611021126||" + kind + "|1|P|2.5\r" }
	for _, c := range []struct{ name, message, want string }{
		{
			"an admission names doctors and when the patient came",
			msh("ADT^A01") + "EVN||202611021126||||202611020900\r" + visit(44, "202611020830"),
			"starts=202611020830 staff=D1 staff=D2 staff=D3",
		},
		{"a transfer began when it happened", msh("ADT^A02") + "EVN||1||||202611020900\r" + visit(44, "20261030"), "starts=202611020900 staff=D1 staff=D2 staff=D3"},
		{"a discharge ends", msh("ADT^A03") + "EVN||1||||2\r" + visit(45, "20261102"), "ends=20261102 staff=D1 staff=D2 staff=D3"},
		{"or when it happened", msh("ADT^A03") + "EVN||1||||20261103\r" + visit(45, `""`), "ends=20261103 staff=D1 staff=D2 staff=D3"},
		{"somebody is expected on a day", msh("ADT^A05") + "PV2||||||||20261110\r", "starts=20261110"},
		{
			"an order comes from a place and from people",
			msh("ORM^O01") + "ORC|NW|1||||||||E1^CLERK||D4^DOC|ICU^3^1||||CARDIO^Cardiology\rOBR|1\rORC|CA|2\r",
			"control=NW from=ICU staff=E1 staff=D4",
		},
		{"or from an organization", msh("OML^O21") + "ORC|CA|1|||||||||||||||CARDIO^Cardiology\r", "control=CA from=CARDIO"},
		{
			"an appointment has a time, rooms and people",
			msh("SIU^S12") + "SCH|P1|F7^X|||||||30|min^minute|^^30^202611101000^202611101030\rAIL|1||OPHTHA^R2~\rAIL|2||OPHTHA^R3\rAIL|3||LASER\rAIP|1||D5^EYE\r",
			"appointment=F7 starts=202611101000 ends=202611101030 lasts=30m0s place=OPHTHA place=LASER staff=D5",
		},
		{"its time may stand beside what it needs", msh("SIU^S12") + "SCH|P1\rAIS|1||X|20261110100000|||2|h\rAIL|1||LASER^^^||||2026|||\r", "appointment=P1 starts=20261110100000 lasts=2h0m0s place=LASER"},
		{"or in TQ1", msh("SIU^S12") + "SCH|P1\rTQ1|1||||||202611101000|202611101100\r", "appointment=P1 starts=202611101000 ends=202611101100"},
		{"a report has an author", msh("MDM^T02") + field("TXA", 5, "D6^A", 9, "D7^B~D6"), "staff=D6 staff=D7"},
		{"a result has who found it and who reads it", msh("ORU^R01") + field("OBR", 32, "D8&EYE&X^2026~D9&B") + field("OBX", 16, "D1^A") + field("OBX", 16, "D2^A", 18, "dev"), "staff=D8 staff=D9 staff=D1 staff=D2"},
		{"somebody is known to all, or asks for protection", msh("ADT^A01") + field("PD1", 12, "Y") + field("PV1", 2, "I", 3, "W", 16, "VIP"), "vip protected"},
		{"neither", msh("ADT^A01") + field("PD1", 12, "N") + field("PV1", 2, "I", 3, "W", 16, `""`) + field("ARV", 2, "D"), ""},
		{"access is restricted", msh("ADT^A01") + field("ARV", 2, "A^Add", 3, "ALL"), "protected"},
		{"TQ1 of an order tells when to give something", msh("OMP^O09") + "ORC|NW|1\rTQ1|1||||||202611101000|202611101100\r", "control=NW"},
	} {
		var m Message
		if err := Parse([]byte(c.message), &m); err != nil {
			t.Fatal(err)
		}
		if got := careOf(&m.Care); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// field is a segment of some fields: a number and its value, and so on.
func field(name string, of ...any) string {
	f := make([]string, 50)
	f[0] = name
	for n := 0; n < len(of); n += 2 {
		f[of[n].(int)] = of[n+1].(string)
	}
	return strings.TrimRight(strings.Join(f, "|"), "|") + "\r"
}

// visit is a PV1 that names doctors, the referring one too, with one more field.
func visit(n int, value string) string {
	f := make([]string, 46)
	f[0], f[3], f[7], f[8], f[9], f[17] = "PV1", "WARD3^12", "D1^A~D2^B", "D9^REFERRER", "D3^C", "D1^A"
	f[n] = value
	return strings.Join(f, "|") + "\r"
}

func TestMoreIsNamedThanIsKept(t *testing.T) {
	text := "MSH|^~\\&|A||||20261102||SIU^S12|1|P|2.5\rAIP|1||"
	for n := range 2 * maxStaff {
		text += string(rune('A'+n)) + "~"
	}
	for n := range 2 * maxPlaces {
		text += "\rAIL|1||" + string(rune('A'+n))
	}
	var m Message
	if err := Parse([]byte(text+"\r"), &m); err != nil || !m.Cut || len(m.Care.Staff()) != maxStaff || len(m.Care.Places()) != maxPlaces {
		t.Errorf("%v, cut %v, %d people, %d places", err, m.Cut, len(m.Care.Staff()), len(m.Care.Places()))
	}
}

func TestMomentsAreThoseOfTheSendersClock(t *testing.T) {
	seen := time.Date(2026, 11, 2, 10, 26, 30, 0, time.UTC)
	for _, c := range []struct{ name, sent, written, want string }{
		{"an hour before the place that saw it", "202611021126", "202611101000", "2026-11-10T09:00:00Z"},
		{"with seconds and their parts", "20261102112631.5", "20261110100007.25", "2026-11-10T09:00:07Z"},
		{"its own offset counts", "202611021126", "202611101000+0500", "2026-11-10T05:00:00Z"},
		{"the offset of the message counts", "202611021126-0330", "202611101000", "2026-11-10T13:30:00Z"},
		{"a day", "202611021126", "20261110", "2026-11-09T23:00:00Z"},
		{"a clock that is far off", "202610021126", "202611101000", ""},
		{"a message without an hour", "20261102", "202611101000", ""},
		{"a month alone", "202611021126", "202611", ""},
		{"no time", "202611021126", "soon", ""},
		{"no such day", "202611021126", "20261140", ""},
		{"nothing", "202611021126", "", ""},
	} {
		m := Message{Time: []byte(c.sent)}
		got := ""
		if at := m.Moment([]byte(c.written), seen); !at.IsZero() {
			got = at.Format(time.RFC3339)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestHowLongSomethingTakes(t *testing.T) {
	var r reader
	for _, c := range []struct {
		number, unit string
		want         time.Duration
	}{{"30", "min", 30 * time.Minute}, {"1.5", "H", 90 * time.Minute}, {"90", "s", 90 * time.Second}, {"2", "", 2 * time.Minute}, {"1", "d", 24 * time.Hour},
		{"-1", "h", 0}, {"NaN", "h", 0}, {"x", "h", 0}, {"", "", 0}, {"1e300", "d", longest}} {
		if got := r.lasts([]byte(c.number), []byte(c.unit)); got != c.want {
			t.Errorf("%s %s: %v, want %v", c.number, c.unit, got, c.want)
		}
	}
}

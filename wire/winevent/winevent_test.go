package winevent

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const logon = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing' ` +
	`Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/><EventID>4624</EventID><Version>2</Version><Level>0</Level><Keywords>0x8020000000000000</Keywords>` +
	`<TimeCreated SystemTime='2026-11-23T03:04:05.1234567Z'/><EventRecordID>72207</EventRecordID><Correlation/>` +
	`<Execution ProcessID='588' ThreadID='652'/><Channel>Security</Channel><Computer>ward3.chu.example</Computer><Security UserID='S-1-5-18'/></System>` +
	`<EventData><Data Name='TargetUserName'>d&apos;Arc &amp; Co</Data><Data Name='LogonProcessName'>Advapi  </Data><Data Name='IpAddress'/>` +
	`<Data Name='Process Name'>C:\Windows\a.exe</Data><Data>first</Data><Data>second</Data></EventData>` +
	`<RenderingInfo Culture='fr-FR'><Message>Ouverture de session` + "\r\n" + `réussie</Message><Level>Information</Level>` +
	`<Keywords><Keyword>Succès</Keyword></Keywords></RenderingInfo></Event>`

func TestFieldsHaveTheNamesThatRulesUse(t *testing.T) {
	tests := []struct {
		name, xml string
		want      []string
	}{
		{"a logon", logon, []string{"Provider_Name", "Microsoft-Windows-Security-Auditing", "Provider_Guid", "{54849625-5478-4994-a5ba-3e3b0328c30d}",
			"EventID", "4624", "Version", "2", "Level", "0", "Keywords", "0x8020000000000000", "TimeCreated_SystemTime", "2026-11-23T03:04:05.1234567Z",
			"EventRecordID", "72207", "Execution_ProcessID", "588", "Execution_ThreadID", "652", "Channel", "Security", "Computer", "ward3.chu.example",
			"Security_UserID", "S-1-5-18", "UserID", "S-1-5-18", "TargetUserName", "d'Arc & Co", "LogonProcessName", "Advapi  ", "IpAddress", "",
			"Process Name", `C:\Windows\a.exe`, "ProcessName", `C:\Windows\a.exe`, "Data", "first", "Data", "second"}},
		{"an old event with qualifiers", `<Event><System><EventID Qualifiers="16384">7036</EventID><Security/></System><EventData>` + "\r\n  " +
			`<Data Name="param1">WinRM</Data><Binary>57</Binary></EventData></Event>`,
			[]string{"EventID_Qualifiers", "16384", "EventID", "7036", "param1", "WinRM", "Binary", "57"}},
		{"data of users, whatever the depth", `<Event><System/><UserData><a:LogFileCleared xmlns:a="http://x"><a:SubjectUserName>eve</a:SubjectUserName>` +
			`<a:More><a:Deep>1</a:Deep></a:More><a:Empty></a:Empty></a:LogFileCleared></UserData></Event>`,
			[]string{"SubjectUserName", "eve", "Deep", "1", "Empty", ""}},
		{"text in sections and behind comments", `<?xml version="1.0"?><!-- < --><Event><EventData><Data Name="a"><![CDATA[<b>&amp;]]></Data>` +
			`<Data Name="c">1<!-- x -->2</Data></EventData></Event>`, []string{"a", "<b>&amp;", "c", "12"}},
		{"characters that XML forbids are kept", "<Event><EventData><Data Name='a'>x\x05y</Data></EventData></Event>", []string{"a", "x\x05y"}},
		{"an event without parts", `<Event></Event>`, nil},
	}
	for _, tt := range tests {
		var e Event
		if err := e.Parse([]byte(tt.xml)); err != nil || !slices.Equal(e.Fields, tt.want) {
			t.Errorf("%s: got %q, %v\nwant %q", tt.name, e.Fields, err, tt.want)
		}
	}
}

func TestTheTextForPeopleIsTaken(t *testing.T) {
	var e Event
	if err := e.Parse([]byte(logon)); err != nil || e.Message != "Ouverture de session\r\nréussie" || e.Level != "Information" || e.Cut {
		t.Errorf("got %q, %q, cut %v, %v", e.Message, e.Level, e.Cut, err)
	}
}

func TestBounds(t *testing.T) {
	deep := "<Event><UserData>" + strings.Repeat("<a>", 40) + "x" + strings.Repeat("</a>", 40) + "<b>y</b></UserData></Event>"
	tests := []struct {
		name, xml string
		fields    int // at most
		cut       bool
	}{
		{"many fields", "<Event><EventData>" + strings.Repeat("<Data Name='a b'>1</Data>", 1000) + "</EventData></Event>", maxFields, true},
		{"a long value", "<Event><EventData><Data>" + strings.Repeat("é", maxValue) + "</Data></EventData></Event>", 1, true},
		{"a deep event", deep, 2, false},
	}
	for _, tt := range tests {
		var e Event
		if err := e.Parse([]byte(tt.xml)); err != nil || len(e.Fields)/2 > tt.fields || e.Cut != tt.cut {
			t.Errorf("%s: got %d fields, cut %v, %v; want at most %d, cut %v", tt.name, len(e.Fields)/2, e.Cut, err, tt.fields, tt.cut)
		}
	}
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	for _, xml := range []string{"", "text", "<Event>", "<Event/>", "<Log></Log>", "</Event>", "<Event><System>", "<Event><System></System>", "<Event><a b='"} {
		var e Event
		if err := e.Parse([]byte(xml)); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: got %v, want %v", xml, err, ErrFormat)
		}
	}
}

func TestASecondEventCostsNoMemory(t *testing.T) {
	var e Event
	p := []byte(strings.ReplaceAll(logon, "Process Name", "ProcessName"))
	if n := testing.AllocsPerRun(100, func() {
		if e.Parse(p) != nil {
			t.Error("not read")
		}
	}); n > 0 {
		t.Errorf("got %v allocations an event, want none", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(logon))
	f.Add([]byte("<Event><UserData><a><b>x</b></a></UserData></Event>"))
	f.Fuzz(func(t *testing.T, p []byte) {
		var e Event
		_ = e.Parse(p)
		size := 0
		for _, s := range e.Fields {
			size += len(s)
		}
		if len(e.Fields) > 2*maxFields || size > 4*len(p)+len(e.Fields)*32 {
			t.Errorf("%d fields of %d bytes came of %d", len(e.Fields)/2, size, len(p))
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var e Event
	p := []byte(logon)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Parse(p); err != nil {
			b.Fatal(err)
		}
	}
}

package document

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/observe/logs/internal/audit"
	"bulwark/observe/logs/internal/intake"
	"bulwark/platform/pseudonym"
)

func reader() *Reader { return New(audit.New(pseudonym.New([32]byte{1}))) }

// told is what records say, in one line each.
func told(all []intake.Record) string {
	var b strings.Builder
	for _, r := range all {
		switch {
		case r.Event != nil:
			fmt.Fprintf(&b, "event %s %v:%d>%v:%d", r.Event.Payload.Kind(), r.Event.Src, r.Event.Ports.Src, r.Event.Dst, r.Event.Ports.Dst)
			if a, ok := r.Event.Payload.(*event.Alert); ok {
				fmt.Fprintf(&b, " %d %s", a.SID, a.Title)
			}
			if f, ok := r.Event.Payload.(*event.Flow); ok {
				fmt.Fprintf(&b, " %s", strings.TrimSpace(fmt.Sprintf("%s %s %d/%d by %s", f.App, f.Activity, f.BytesOut, f.BytesIn, f.Exporter)))
			}
		case r.Log != nil:
			l := r.Log
			fmt.Fprintf(&b, "log %s/%s/%s host=%s code=%s user=%s sev=%s msg=%q %s", l.Format, l.Product, l.Service, l.Host, l.Code, l.User, l.Severity,
				l.Message, strings.Join(l.Fields, " "))
			if !r.Time.IsZero() {
				b.WriteString(" at " + r.Time.Format(time.RFC3339Nano))
			}
		default:
			fmt.Fprintf(&b, "text %q", r.Text)
		}
		if r.Stream != "" {
			b.WriteString(" of " + r.Stream)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestDocuments(t *testing.T) {
	for _, c := range []struct{ does, doc, want string }{
		{"Winlogbeat: fields have the names of Sigma",
			`{"@timestamp":"2026-05-01T10:00:00.5Z","agent":{"type":"winlogbeat"},"message":"Process Create:","log":{"level":"information"},"winlog":{"event_id":1,` +
				`"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","computer_name":"pc1.h","record_id":7,` +
				`"event_data":{"Image":"C:\\a.exe","User":"H\\bob","param1":"x"},"process":{"pid":4}}}`,
			`log winlogbeat/windows/ host=pc1.h code=1 user=H\bob sev=informational msg="Process Create:" TimeCreated_SystemTime 2026-05-01T10:00:00.5Z EventID 1 Channel Microsoft-Windows-Sysmon/Operational ` +
				`Provider_Name Microsoft-Windows-Sysmon Computer pc1.h EventRecordID 7 Image C:\a.exe User H\bob Data x Execution_ProcessID 4 at 2026-05-01T10:00:00.5Z`},
		{"Wazuh: names get their first letter back",
			`{"timestamp":"2026-05-01T10:00:00.000+0200","full_log":"x","rule":{"id":"1"},"data":{"win":{"system":{"eventID":"4625","channel":"Security","computer":"dc1"},"eventdata":{"targetUserName":"eve"}}}}`,
			`log wazuh/windows/ host=dc1 code=4625 user=eve sev= msg="" wazuh.rule.id 1 EventID 4625 Channel Security Computer dc1 TargetUserName eve at 2026-05-01T08:00:00Z`},
		{"NXLog: names of the event itself",
			`{"EventTime":"2026-05-01 10:00:00","Hostname":"dc1","EventID":4624,"Channel":"Security","SourceName":"Microsoft-Windows-Security-Auditing","Message":"m"}`,
			`log windows-json/windows/ host=dc1 code=4624 user= sev= msg="m" TimeCreated_SystemTime 2026-05-01 10:00:00 Computer dc1 EventID 4624 Channel Security Provider_Name Microsoft-Windows-Security-Auditing`},
		{"Filebeat: a line of a file, with who has it before it",
			`{"@timestamp":"2026-05-01T10:00:00Z","message":"10.0.0.1 - - \"GET /\"","log":{"file":{"path":"/var/log/nginx/access.log"}},"host":{"name":"web1"}}`,
			`text "<14>1 2026-05-01T10:00:00Z web1 - - - - 10.0.0.1 - - \"GET /\"" of /var/log/nginx/access.log`},
		{"Filebeat: a line that has its own header stays as it is",
			`{"message":"May  1 10:00:00 web1 sshd[1]: x","host":{"name":"web1"}}`, `text "May  1 10:00:00 web1 sshd[1]: x"`},
		{"rsyslog and Fluent Bit: who wrote the line stands before it again",
			`{"@timestamp":"2026-05-01T10:00:00Z","pri":"86","host":"web1","ident":"sshd","pid":"12","message":"Failed password"}`,
			`text "<86>1 2026-05-01T10:00:00Z web1 sshd 12 - - Failed password"`},
		{"the journal, as Vector and Fluent Bit have it",
			`{"MESSAGE":"x","_HOSTNAME":"web 1","SYSLOG_IDENTIFIER":"sudo","_PID":"3","PRIORITY":"5","SYSLOG_FACILITY":"10","__REALTIME_TIMESTAMP":"1"}`,
			`text "<85>1 - web_1 sudo 3 - - x"`},
		{"fields of ECS are what they say",
			`{"@timestamp":"2026-05-01T10:00:00Z","event":{"action":"login","outcome":"failure","code":"x"},"user":{"name":"bob"},"source":{"ip":"10.0.0.1"},"message":"m","agent":{"id":"1"}}`,
			`log json// host= code=x user=bob sev= msg="m" event.action login event.outcome failure event.code x user.name bob source.ip 10.0.0.1 at 2026-05-01T10:00:00Z`},
		{"EVE in a line that Filebeat has read: the log, and its alert",
			`{"message":"{\"timestamp\":\"2026-05-01T10:00:00.000001+0200\",\"event_type\":\"alert\",\"flow_id\":1,\"src_ip\":\"10.0.0.1\",\"src_port\":5,\"dest_ip\":\"10.0.0.2\",\"dest_port\":80,\"proto\":\"TCP\",\"payload\":\"x\",\"alert\":{\"signature_id\":9,\"signature\":\"bad\"}}"}`,
			`log eve/suricata/alert host= code= user= sev= msg="bad" timestamp 2026-05-01T10:00:00.000001+0200 event_type alert flow_id 1 src_ip 10.0.0.1 source.ip 10.0.0.1 src_port 5 source.port 5 dest_ip 10.0.0.2 destination.ip 10.0.0.2 dest_port 80 destination.port 80 proto TCP network.transport tcp alert.signature_id 9 alert.signature bad at 2026-05-01T08:00:00.000001Z` +
				"\n" + `event alert 10.0.0.1:5>10.0.0.2:80 9 bad`},
		{"Zeek, told apart by its fields", `{"ts":1777622400.5,"uid":"C1","id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2","conn_state":"SF"}`,
			`log zeek/zeek/conn host= code= user= sev= msg="" ts 1777622400.5 uid C1 id.orig_h 10.0.0.1 source.ip 10.0.0.1 id.resp_h 10.0.0.2 destination.ip 10.0.0.2 conn_state SF at 2026-05-01T08:00:00.5Z` + "\n" +
				`event flow 10.0.0.1:0>10.0.0.2:0 Close 0/0 by 127.0.0.1`},
		{"a flow of EVE", `{"timestamp":"2026-05-01T10:00:00Z","event_type":"flow","src_ip":"10.0.0.1","src_port":5,"dest_ip":"10.0.0.2","dest_port":80,"app_proto":"http",` +
			`"flow":{"bytes_toserver":7,"bytes_toclient":9,"start":"2026-05-01T09:59:00Z","end":"2026-05-01T09:59:02Z"}}`,
			`log eve/suricata/flow host= code= user= sev= msg="" timestamp 2026-05-01T10:00:00Z event_type flow src_ip 10.0.0.1 source.ip 10.0.0.1 src_port 5 source.port 5 dest_ip 10.0.0.2 destination.ip 10.0.0.2 ` +
				`dest_port 80 destination.port 80 app_proto http flow.bytes_toserver 7 flow.bytes_toclient 9 flow.start 2026-05-01T09:59:00Z flow.end 2026-05-01T09:59:02Z at 2026-05-01T10:00:00Z` + "\n" +
				`event flow 10.0.0.1:5>10.0.0.2:80 http Close 7/9 by 127.0.0.1`},
		{"AuditEvent of FHIR", `{"resourceType":"AuditEvent","type":{"code":"110112"},"agent":[{"who":{"display":"x"}}]}`, `event atna invalid IP:0>invalid IP:0`},
	} {
		t.Run(c.does, func(t *testing.T) {
			out, err := reader().Read([]byte(c.doc), intake.Record{}, nil)
			if got := strings.TrimSpace(told(out)); err != nil || got != c.want {
				t.Errorf("got  %s %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		does, line string
		want       int
	}{
		{"a line of Zeek", `{"_path":"dns","ts":1.5,"query":"x"}`, 1},
		{"a conversation that Zeek tells: the line, and the flow", `{"_path":"conn","ts":1.5,"id.orig_h":"10.0.0.1"}`, 2},
		{"an object that nobody knows is for the parsers", `{"a":1}`, 0},
		{"a line of EVE behind a header of syslog", `<13>1 - ids suricata - - - {"timestamp":"2026-05-01T10:00:00Z","event_type":"dns","src_ip":"10.0.0.1"}` + "\n", 1},
		{"an audit message behind a header of syslog", `<85>1 - pacs x - - - <AuditMessage><EventID csd-code="110112"/></AuditMessage>`, 1},
		{"a text", `sshd[1]: x`, 0},
		{"nothing", ``, 0},
	} {
		if out := reader().Line([]byte(c.line), intake.Record{}, nil); len(out) != c.want {
			t.Errorf("%s: got %d records, want %d", c.does, len(out), c.want)
		}
	}
}

func TestRecordsStayUntilTheReset(t *testing.T) {
	r := reader()
	var out []intake.Record
	for n := range 3 {
		out, _ = r.Read(fmt.Appendf(nil, `{"event.code":"%d","a":"\u00e9%d"}`, n, n), intake.Record{}, out)
	}
	for n := range out {
		if want := fmt.Sprintf("é%d", n); out[n].Log.Code != fmt.Sprint(n) || out[n].Log.Field("a") != want {
			t.Errorf("got %v", out[n].Log.Fields)
		}
	}
	first := out[0].Log
	r.Reset()
	if again, _ := r.Read([]byte(`{"b":"1"}`), intake.Record{}, nil); again[0].Log != first || len(first.Fields) != 2 {
		t.Errorf("got %v, want the first log used again", first.Fields)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"winlog":{"event_id":1,"event_data":{"a b":"c"}},"message":"{\"_path\":\"x\"}"}`))
	f.Add([]byte(`{"data":{"win":{"system":{"eventID":"1"},"eventdata":{"":"x"}}}}`))
	f.Add([]byte(`{"host":"\u0000 \n","ident":"x","message":"<AuditMessage>"}`))
	f.Fuzz(func(t *testing.T, p []byte) {
		r := reader()
		out, err := r.Read(p, intake.Record{}, nil)
		if (err == nil) != (len(out) > 0) {
			t.Errorf("got %d records, %v", len(out), err)
		}
	})
}

func BenchmarkWinlogbeat(b *testing.B) {
	doc := []byte(`{"@timestamp":"2026-05-01T10:00:00.5Z","agent":{"type":"winlogbeat","version":"8.17.0"},"message":"Process Create:\nRuleName: -","log":{"level":"information"},` +
		`"winlog":{"event_id":1,"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","computer_name":"pc1.hospital.example",` +
		`"record_id":7,"event_data":{"Image":"C:\\Windows\\System32\\cmd.exe","CommandLine":"cmd.exe /c whoami","ParentImage":"C:\\Windows\\explorer.exe",` +
		`"User":"H\\bob","ProcessId":"123","Hashes":"SHA256=ABCDEF","LogonId":"0x3e7"},"process":{"pid":4,"thread":{"id":5}}}}`)
	r := reader()
	var out []intake.Record
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		out, _ = r.Read(doc, intake.Record{}, out[:0])
	}
}

package document

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"bulwark/event"
	"bulwark/observe/logs/internal/flat"
)

// Fields of the System part of an event of Windows, by the names that Sigma has for them.
const (
	fieldEventID  = "EventID"
	fieldChannel  = "Channel"
	fieldProvider = "Provider_Name"
	fieldComputer = "Computer"
)

// winlogNames are fields of Winlogbeat (https://www.elastic.co/docs/reference/beats/winlogbeat/exported-fields-winlog).
func winlogName(name string) string {
	switch name {
	case "winlog.event_id":
		return fieldEventID
	case "winlog.channel":
		return fieldChannel
	case "winlog.provider_name":
		return fieldProvider
	case "winlog.computer_name":
		return fieldComputer
	case "winlog.provider_guid":
		return "Provider_Guid"
	case "winlog.record_id":
		return "EventRecordID"
	case "winlog.process.pid":
		return "Execution_ProcessID"
	case "winlog.process.thread.id":
		return "Execution_ThreadID"
	case "winlog.activity_id":
		return "Correlation_ActivityID"
	case "winlog.related_activity_id":
		return "Correlation_RelatedActivityID"
	case "winlog.user.identifier":
		return "UserID"
	case "winlog.task":
		return "Task"
	case "winlog.opcode":
		return "Opcode"
	case "winlog.keywords":
		return "Keywords"
	case "winlog.version":
		return "Version"
	case "@timestamp":
		return "TimeCreated_SystemTime"
	}
	return ""
}

// winlog makes an event of Windows of a document of Winlogbeat.
func winlog(l *event.Log, fields []flat.Field) {
	l.Format = "winlogbeat"
	for _, f := range fields {
		if name := winlogName(f.Name); name != "" {
			system(l, name, f.Value)
			continue
		}
		if name, ok := strings.CutPrefix(f.Name, "winlog.event_data."); ok {
			data(l, name, f.Value)
		} else if _, ok := strings.CutPrefix(f.Name, "winlog.user_data."); ok {
			data(l, f.Name[strings.LastIndexByte(f.Name, '.')+1:], f.Value)
		} else {
			beside(l, f.Name, f.Value)
		}
	}
	finish(l)
}

// wazuh makes an event of Windows of an alert of Wazuh: data.win.system and data.win.eventdata, whose names begin in lower case.
func wazuh(l *event.Log, fields []flat.Field) {
	l.Format = "wazuh"
	for _, f := range fields {
		switch f.Name {
		case "data.win.system.eventID":
			system(l, fieldEventID, f.Value)
		case "data.win.system.providerName":
			system(l, fieldProvider, f.Value)
		case "data.win.system.message":
			l.Message = strings.Trim(f.Value, `"`)
		case "data.win.system.systemTime":
			system(l, "TimeCreated_SystemTime", f.Value)
		default:
			if name, ok := strings.CutPrefix(f.Name, "data.win.system."); ok {
				system(l, upper(name), f.Value)
			} else if name, ok := strings.CutPrefix(f.Name, "data.win.eventdata."); ok {
				data(l, upper(name), f.Value)
			} else if strings.HasPrefix(f.Name, "rule.") {
				l.Fields = append(l.Fields, "wazuh."+f.Name, f.Value)
			}
		}
	}
	finish(l)
}

// windows makes an event of Windows of a document that names fields as the event itself does: NXLog (SourceName, Hostname), Fluent Bit
// (ProviderName, StringInserts).
func windows(l *event.Log, fields []flat.Field) {
	l.Format = "windows-json"
	for _, f := range fields {
		switch f.Name {
		case "SourceName", "ProviderName", "Provider":
			system(l, fieldProvider, f.Value)
		case "Hostname":
			system(l, fieldComputer, f.Value)
		case "Message", "message":
			l.Message = f.Value
		case "StringInserts":
			system(l, "Data", f.Value)
		case "EventTime", "TimeCreated", "@timestamp":
			system(l, "TimeCreated_SystemTime", f.Value)
		case "RecordNumber":
			system(l, "EventRecordID", f.Value)
		default:
			system(l, f.Name, f.Value)
		}
	}
	finish(l)
}

// collector makes an event of Windows of what the receiver of OpenTelemetry's collector makes of one.
func collector(l *event.Log, fields []flat.Field) {
	l.Format = "windows-otel"
	for _, f := range fields {
		switch f.Name {
		case "event_id.id":
			system(l, fieldEventID, f.Value)
		case "channel":
			system(l, fieldChannel, f.Value)
		case "provider.name":
			system(l, fieldProvider, f.Value)
		case "computer":
			system(l, fieldComputer, f.Value)
		case "record_id":
			system(l, "EventRecordID", f.Value)
		case "system_time":
			system(l, "TimeCreated_SystemTime", f.Value)
		case "execution.process_id":
			system(l, "Execution_ProcessID", f.Value)
		case "security.user_id":
			system(l, "UserID", f.Value)
		case "message":
			l.Message = f.Value
		case "level":
			l.Severity = severity(f.Value)
		default:
			if name, ok := strings.CutPrefix(f.Name, "event_data."); ok {
				data(l, strings.TrimPrefix(name, "data."), f.Value)
			}
		}
	}
	finish(l)
}

// system takes a field of the System part.
func system(l *event.Log, name, value string) {
	switch name {
	case fieldEventID:
		l.Code = value
	case fieldComputer:
		l.Host = value
	}
	l.Fields = append(l.Fields, name, value)
}

// data takes a field of EventData. Data without a name is param1, param2... to Winlogbeat, and Data to rules; of names with spaces in
// them rules know those without.
func data(l *event.Log, name, value string) {
	if n, ok := strings.CutPrefix(name, "param"); ok && n != "" && strings.Trim(n, "0123456789") == "" {
		name = "Data"
	}
	l.Fields = append(l.Fields, name, value)
	if short := strings.ReplaceAll(name, " ", ""); short != name {
		l.Fields = append(l.Fields, short, value)
	}
}

// beside takes what a shipper says beside the event itself.
func beside(l *event.Log, name, value string) {
	switch name {
	case "message":
		l.Message = value
	case "log.level":
		l.Severity = severity(value)
	case "event.outcome":
		l.Outcome = value
	case "event.action":
		l.Action = value
	}
}

// finish fills what all events of Windows have.
func finish(l *event.Log) {
	l.Product = "windows"
	l.App = l.Field(fieldProvider)
	l.Process = l.Field("Execution_ProcessID")
	for _, name := range [...]string{"SubjectUserName", "User", "TargetUserName"} {
		if user := l.Field(name); user != "" && user != "-" {
			l.User = user
			break
		}
	}
}

// upper is s with its first letter in upper case.
func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

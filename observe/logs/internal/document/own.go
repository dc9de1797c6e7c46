package document

import (
	"strings"

	"bulwark/event"
	"bulwark/observe/logs/internal/flat"
)

// own takes a document's fields as they are. Those of ECS fill the attributes that stand for them.
func own(l *event.Log, fields []flat.Field) {
	l.Format = "json"
	for _, f := range fields {
		if f.Value == "" || noise(f.Name) {
			continue
		}
		attribute(l, f.Name, f.Value)
		if f.Name != "message" && f.Name != "@timestamp" {
			l.Fields = append(l.Fields, f.Name, f.Value)
		}
	}
}

// noise reports whether a field says something of the shipper alone.
func noise(name string) bool {
	if strings.HasPrefix(name, "agent.") || strings.HasPrefix(name, "host.os.") || strings.HasPrefix(name, "elastic_agent.") {
		return true
	}
	switch name {
	case "ecs.version", "@version", "@metadata", "input.type", "log.offset", "host.mac", "host.id", "host.architecture", "host.containerized",
		"source_type", "tags", "type":
		return true
	}
	return strings.HasPrefix(name, "@metadata.")
}

// attribute fills what an attribute stands for.
func attribute(l *event.Log, name, value string) {
	switch name {
	case "host.name", "host.hostname", "host", "hostname":
		l.Host = first(l.Host, value)
	case "event.code":
		l.Code = value
	case "event.action":
		l.Action = value
	case "event.outcome":
		l.Outcome = value
	case "event.category":
		l.Category = first(l.Category, value)
	case "event.module":
		l.Product = first(l.Product, value)
	case "service.type", "event.dataset":
		l.Service = first(l.Service, value)
	case "user.name":
		l.User = value
	case "process.name":
		l.App = value
	case "process.pid":
		l.Process = value
	case "message", "msg":
		l.Message = value
	case "log.level", "level", "severity":
		l.Severity = severity(value)
	}
}

// severity is the level of a log in the words of events; "" for a word that says none.
func severity(level string) string {
	switch strings.ToLower(level) {
	case "emergency", "alert", "critical", "fatal", "emerg", "crit", "panic":
		return "critical"
	case "error", "err", "high":
		return "high"
	case "warning", "warn", "medium":
		return "medium"
	case "notice", "low":
		return "low"
	case "information", "informational", "info", "debug", "trace", "verbose":
		return "informational"
	}
	return ""
}

// Package ecs maps attributes to the Elastic Common Schema 8 (https://www.elastic.co/docs/reference/ecs), for whoever
// hands Bulwark's events to a system that speaks it.
package ecs

import (
	"strings"

	"bulwark/event"
)

// Name is the ECS field of an attribute, or empty where ECS has none: such attributes go under "bulwark.".
// Times and durations of both are nanoseconds.
func Name(attribute string) string {
	switch attribute {
	case "time":
		return "@timestamp"
	case "kind":
		return "event.dataset"
	case "sensor":
		return "observer.name"
	case "site":
		return "observer.geo.name"
	case "id":
		return "event.id"
	case "connection_info.uid":
		return "flow.id"
	case "connection_info.protocol_name":
		return "network.transport"
	case "connection_info.community_uid":
		return "network.community_id"
	case "src_endpoint.vlan_uid":
		return "network.vlan.id"
	case "app_name":
		return "network.protocol"
	case "activity_name":
		return "event.action"
	case "start_time":
		return "event.start"
	case "duration", "response_time":
		return "event.duration"
	case "status":
		return "event.outcome"
	case "status_detail":
		return "event.reason"
	case "severity":
		return "log.level"
	case "message":
		return "message"
	case "src_endpoint.ip", "src_endpoint.port", "src_endpoint.mac":
		return "source" + attribute[len("src_endpoint"):]
	case "src_endpoint.hostname":
		return "source.domain"
	case "dst_endpoint.ip", "dst_endpoint.port", "dst_endpoint.mac":
		return "destination" + attribute[len("dst_endpoint"):]
	case "traffic.packets_out":
		return "source.packets"
	case "traffic.packets_in":
		return "destination.packets"
	case "traffic.bytes_out":
		return "source.bytes"
	case "traffic.bytes_in":
		return "destination.bytes"
	case "query.hostname":
		return "dns.question.name"
	case "query.type":
		return "dns.question.type"
	case "query.class":
		return "dns.question.class"
	case "query.packet_uid":
		return "dns.id"
	case "query.flags":
		return "dns.header_flags"
	case "rcode":
		return "dns.response_code"
	case "answers.rdata":
		return "dns.answers.data"
	case "answers.type":
		return "dns.answers.type"
	case "answers.name":
		return "dns.answers.name"
	case "answers.ttl":
		return "dns.answers.ttl"
	}
	return furtherName(attribute)
}

// furtherName goes on where [Name] ends: TLS, HTTP, files, people, devices, findings.
func furtherName(attribute string) string {
	switch attribute {
	case "tls.version":
		return "tls.version"
	case "tls.cipher":
		return "tls.cipher"
	case "tls.sni":
		return "tls.client.server_name"
	case "tls.alpn":
		return "tls.next_protocol"
	case "tls.ja3_hash.value":
		return "tls.client.ja3"
	case "tls.ja3s_hash.value":
		return "tls.server.ja3s"
	case "tls.is_resumed":
		return "tls.resumed"
	case "tls.is_established":
		return "tls.established"
	case "tls.certificate.subject":
		return "tls.server.subject"
	case "tls.certificate.issuer":
		return "tls.server.issuer"
	case "tls.certificate.fingerprints.sha1":
		return "tls.server.hash.sha1"
	case "tls.certificate.fingerprints.sha256":
		return "tls.server.hash.sha256"
	case "tls.certificate.created_time":
		return "tls.server.not_before"
	case "tls.certificate.expiration_time":
		return "tls.server.not_after"
	case "http_request.http_method":
		return "http.request.method"
	case "http_request.url.hostname":
		return "url.domain"
	case "http_request.url.path":
		return "url.original"
	case "http_request.url.port":
		return "url.port"
	case "http_request.version":
		return "http.version"
	case "http_request.user_agent":
		return "user_agent.original"
	case "http_request.referrer":
		return "http.request.referrer"
	case "http_request.body_length":
		return "http.request.body.bytes"
	case "http_request.content_type":
		return "http.request.mime_type"
	case "http_response.code":
		return "http.response.status_code"
	case "http_response.content_type":
		return "http.response.mime_type"
	case "http_response.body_length":
		return "http.response.body.bytes"
	case "file.name", "file.size", "file.mime_type":
		return attribute
	case "actor.user.name", "user.name":
		return "user.name"
	case "actor.user.domain", "user.domain":
		return "user.domain"
	case "service.name":
		return "service.name"
	case "device.mac":
		return "host.mac"
	case "device.hostname":
		return "host.hostname"
	case "device.ip":
		return "host.ip"
	case "device.vendor_name":
		return "device.manufacturer"
	case "device.model":
		return "device.model.name"
	case "device.serial_number":
		return "device.serial_number"
	case "finding_info.title":
		return "rule.name"
	case "finding_info.analytic.uid":
		return "rule.id"
	case "finding_info.attacks.technique.uid":
		return "threat.technique.id"
	case "metadata.event_code":
		return "event.code"
	case "log.product":
		return "event.module"
	}
	return ofLog(attribute)
}

// ofLog is the name of a field of a log: its own where it is of ECS, else that which Winlogbeat gives it.
func ofLog(attribute string) string {
	name, ok := strings.CutPrefix(attribute, event.FieldPrefix)
	switch {
	case !ok:
		return ""
	case strings.Contains(name, "."):
		return name
	}
	return "winlog.event_data." + name
}

package bacnet

// ServiceName is the name of the service of a message (§21), in the standard's words; empty for one that is not known.
func (m *Message) ServiceName() string {
	if m.PDU == UnconfirmedRequest {
		return at(unconfirmedNames[:], int(m.Service))
	}
	return at(confirmedNames[:], int(m.Service))
}

// LinkName is the name of the function of the virtual link (§J.2).
func (m *Message) LinkName() string { return at(linkNames[:], int(m.Function)) }

// NetworkName is the name of a message of the network layer (§6.2.4); empty for one that is not known.
func (m *Message) NetworkName() string {
	if m.NetworkType == 0x12 {
		return "what-is-network-number"
	}
	if m.NetworkType == 0x13 {
		return "network-number-is"
	}
	return at(networkNames[:], int(m.NetworkType))
}

// Problem is why a request was not done, in the standard's words (§18); empty where it was.
func (m *Message) Problem() string {
	switch m.PDU {
	case Error:
		if name := at(errorNames[:], int(min(m.ErrorCode, 0xffff))); name != "" {
			return name
		}
		return at(classNames[:], int(min(m.ErrorClass, 0xffff)))
	case Reject:
		return at(rejectNames[:], int(m.Reason))
	case Abort:
		return at(abortNames[:], int(m.Reason))
	}
	return ""
}

// TypeName is the name of the type of an object (§21); empty for one of a vendor's own.
func (o Object) TypeName() string { return at(objectNames[:], int(o.Type)) }

// StateName is what Reinitialize Device or Device Communication Control ask a device to do (§16.1, §16.4).
func (m *Message) StateName() string {
	switch {
	case !m.HasState:
		return ""
	case m.Service == reinitialize:
		return at(reinitializeNames[:], int(min(m.State, 0xffff)))
	}
	return at(communicationNames[:], int(min(m.State, 0xffff)))
}

var (
	reinitializeNames  = [...]string{"coldstart", "warmstart", "start-backup", "end-backup", "start-restore", "end-restore", "abort-restore", "activate-changes"}
	communicationNames = [...]string{"enable", "disable", "disable-initiation"}
)

// PropertyName is the name of a property (§21); empty for one that is seldom met.
func PropertyName(id uint32) string {
	for i := range propertyNames {
		if propertyNames[i].id == id {
			return propertyNames[i].name
		}
	}
	return ""
}

// VendorName is the name of a vendor by its number (ASHRAE's list); empty for one that is seldom met.
func VendorName(id uint16) string {
	for i := range vendorNames {
		if vendorNames[i].id == id {
			return vendorNames[i].name
		}
	}
	return ""
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// confirmedNames are the confirmed services by their numbers.
var confirmedNames = [...]string{
	"acknowledge-alarm", "confirmed-cov-notification", "confirmed-event-notification", "get-alarm-summary",
	"get-enrollment-summary", "subscribe-cov", "atomic-read-file", "atomic-write-file", "add-list-element",
	"remove-list-element", "create-object", "delete-object", "read-property", "read-property-conditional",
	"read-property-multiple", "write-property", "write-property-multiple", "device-communication-control",
	"confirmed-private-transfer", "confirmed-text-message", "reinitialize-device", "vt-open", "vt-close", "vt-data",
	"authenticate", "request-key", "read-range", "life-safety-operation", "subscribe-cov-property",
	"get-event-information", "subscribe-cov-property-multiple", "confirmed-cov-notification-multiple",
	"confirmed-audit-notification", "audit-log-query",
}

// unconfirmedNames are the unconfirmed services by their numbers.
var unconfirmedNames = [...]string{
	"i-am", "i-have", "unconfirmed-cov-notification", "unconfirmed-event-notification", "unconfirmed-private-transfer",
	"unconfirmed-text-message", "time-synchronization", "who-has", "who-is", "utc-time-synchronization", "write-group",
	"unconfirmed-cov-notification-multiple", "unconfirmed-audit-notification", "who-am-i", "you-are",
}

// linkNames are the functions of the virtual link.
var linkNames = [...]string{
	"result", "write-broadcast-distribution-table", "read-broadcast-distribution-table",
	"read-broadcast-distribution-table-ack", "forwarded-npdu", "register-foreign-device", "read-foreign-device-table",
	"read-foreign-device-table-ack", "delete-foreign-device-table-entry", "distribute-broadcast-to-network",
	"original-unicast", "original-broadcast", "secure",
}

// networkNames are the messages of the network layer.
var networkNames = [...]string{
	"who-is-router-to-network", "i-am-router-to-network", "i-could-be-router-to-network", "reject-message-to-network",
	"router-busy-to-network", "router-available-to-network", "initialize-routing-table",
	"initialize-routing-table-ack", "establish-connection-to-network", "disconnect-connection-to-network",
}

// classNames are the classes of errors.
var classNames = [...]string{
	"device", "object", "property", "resources", "security", "services", "vt", "communication",
}

// errorNames are the codes of errors.
var errorNames = [...]string{
	"other", "authentication-failed", "configuration-in-progress", "device-busy", "dynamic-creation-not-supported",
	"file-access-denied", "incompatible-security-levels", "inconsistent-parameters",
	"inconsistent-selection-criterion", "invalid-data-type", "invalid-file-access-method",
	"invalid-file-start-position", "invalid-operator-name", "invalid-parameter-data-type", "invalid-time-stamp",
	"key-generation-error", "missing-required-parameter", "no-objects-of-specified-type", "no-space-for-object",
	"no-space-to-add-list-element", "no-space-to-write-property", "no-vt-sessions-available", "property-is-not-a-list",
	"object-deletion-not-permitted", "object-identifier-already-exists", "operational-problem", "password-failure",
	"read-access-denied", "security-not-supported", "service-request-denied", "timeout", "unknown-object",
	"unknown-property", "", "unknown-vt-class", "unknown-vt-session", "unsupported-object-type", "value-out-of-range",
	"vt-session-already-closed", "vt-session-termination-failure", "write-access-denied",
	"character-set-not-supported", "invalid-array-index", "cov-subscription-failed", "not-cov-property",
	"optional-functionality-not-supported", "invalid-configuration-data", "datatype-not-supported", "duplicate-name",
	"duplicate-object-id", "property-is-not-an-array",
}

// rejectNames are the reasons of a Reject.
var rejectNames = [...]string{
	"other", "buffer-overflow", "inconsistent-parameters", "invalid-parameter-data-type", "invalid-tag",
	"missing-required-parameter", "parameter-out-of-range", "too-many-arguments", "undefined-enumeration",
	"unrecognized-service",
}

// abortNames are the reasons of an Abort.
var abortNames = [...]string{
	"other", "buffer-overflow", "invalid-apdu-in-this-state", "preempted-by-higher-priority-task",
	"segmentation-not-supported", "security-error", "insufficient-security", "window-size-out-of-range",
	"application-exceeded-reply-time", "out-of-resources", "tsm-timeout", "apdu-too-long",
}

// objectNames are the types of objects.
var objectNames = [...]string{
	"analog-input", "analog-output", "analog-value", "binary-input", "binary-output", "binary-value", "calendar",
	"command", "device", "event-enrollment", "file", "group", "loop", "multi-state-input", "multi-state-output",
	"notification-class", "program", "schedule", "averaging", "multi-state-value", "trend-log", "life-safety-point",
	"life-safety-zone", "accumulator", "pulse-converter", "event-log", "global-group", "trend-log-multiple",
	"load-control", "structured-view", "access-door", "timer", "access-credential", "access-point", "access-rights",
	"access-user", "access-zone", "credential-data-input", "network-security", "bitstring-value",
	"characterstring-value", "date-pattern-value", "date-value", "datetime-pattern-value", "datetime-value",
	"integer-value", "large-analog-value", "octetstring-value", "positive-integer-value", "time-pattern-value",
	"time-value", "notification-forwarder", "alert-enrollment", "channel", "lighting-output", "binary-lighting-output",
	"network-port", "elevator-group", "escalator", "lift", "staging", "audit-log", "audit-reporter", "color",
	"color-temperature",
}

// propertyNames are properties that are often asked for.
var propertyNames = [...]struct {
	id   uint32
	name string
}{
	{4, "active-text"}, {6, "alarm-value"}, {8, "all"}, {12, "application-software-version"}, {22, "cov-increment"},
	{28, "description"}, {35, "event-enable"}, {36, "event-state"}, {44, "firmware-revision"}, {45, "high-limit"},
	{58, "location"}, {59, "low-limit"}, {70, "model-name"}, {75, "object-identifier"}, {76, "object-list"},
	{77, "object-name"}, {79, "object-type"}, {81, "out-of-service"}, {85, "present-value"}, {87, "priority-array"},
	{97, "protocol-services-supported"}, {98, "protocol-version"}, {103, "reliability"}, {104, "relinquish-default"},
	{105, "required"}, {107, "segmentation-supported"}, {108, "setpoint"}, {111, "status-flags"},
	{112, "system-status"}, {117, "units"}, {118, "update-interval"}, {120, "vendor-identifier"},
	{121, "vendor-name"}, {123, "weekly-schedule"}, {131, "log-buffer"}, {139, "protocol-revision"},
	{155, "database-revision"}, {372, "serial-number"},
}

// vendorNames are makers of what stands in buildings.
var vendorNames = [...]struct {
	id   uint16
	name string
}{
	{2, "Trane"}, {3, "Daikin Applied"}, {5, "Johnson Controls"}, {6, "ABB"}, {7, "Siemens"}, {8, "Delta Controls"},
	{9, "Siemens"}, {10, "Schneider Electric"}, {11, "TAC"}, {16, "Carrier"}, {17, "Honeywell"}, {18, "Alerton"},
	{22, "Siemens"}, {24, "Automated Logic"}, {26, "Phoenix Controls"}, {28, "KMC Controls"},
	{35, "Reliable Controls"}, {36, "Tridium"}, {37, "MSA Safety"}, {39, "Kieback & Peter"},
	{53, "Daikin Industries"}, {73, "ABB"}, {77, "Carel Industries"}, {80, "Fr. Sauter"},
	{82, "Mitsubishi Electric"}, {89, "Saia-Burgess Controls"}, {91, "Trend Control Systems"}, {105, "Priva"},
	{127, "ABB"}, {133, "Veris Industries"}, {142, "DEOS control systems"}, {171, "ABB"}, {178, "LOYTEC"},
	{190, "Danfoss Drives"}, {197, "Bosch Building Automation"}, {222, "WAGO"}, {226, "Phoenix Contact"},
	{227, "Grundfos"}, {245, "Contemporary Control Systems"}, {251, "WILO"}, {260, "BACnet Stack"}, {284, "BELIMO"},
	{313, "Siemens Industry"}, {332, "Distech Controls"}, {335, "Schneider Electric"}, {364, "Distech Controls"},
	{415, "Beckhoff Automation"}, {423, "BELIMO"}, {432, "LG Electronics"},
}

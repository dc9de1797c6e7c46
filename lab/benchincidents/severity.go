package main

import "strings"

// Severities as Bulwark counts them.
const (
	informational = iota
	low
	medium
	high
	critical
)

// levels are the levels that Wazuh's own rule set gives to rules of the data set, by what they say of themselves (the data names no
// level). Wazuh's console calls 7 to 11 medium, 12 to 14 high and what is above critical.
var levels = map[string]int{
	"ClamAV database update": 3, "Dovecot Authentication Success.": 3, "Dovecot Invalid User Login Attempt.": 5,
	"Dovecot brute force attack (multiple auth failures).": 10, "IDS event.": 6, "First time this IDS alert is generated.": 8,
	"Multiple IDS alerts for same id.": 10, "Multiple IDS alerts for same id (ignoring now this id).": 11,
	"Multiple IDS events from same source ip.": 10, "Multiple IDS events from same source ip (ignoring now this srcip and id).": 11,
	"Web server 400 error code.": 5, "Web server 500 error code (Internal Error).": 5, "Multiple web server 400 error codes from same source ip.": 10,
	"Common web attack.": 6, "Suspicious URL access.": 6, "CMS (WordPress or Joomla) login attempt.": 3, "CMS (WordPress or Joomla) brute force attempt.": 8,
	"Apache: Attempt to access forbidden directory index.": 5, "Apache: Attempt to access forbidden file or directory.": 5,
	"Auditd: SELinux permission check.": 3, "First time user executed sudo.": 4, "Successful sudo to ROOT executed.": 3,
	"User successfully changed UID.": 3, "PAM: Login session opened.": 3, "PAM: Login session closed.": 3, "PAM: User login failed.": 5,
	"PAM: Multiple failed logins in a small period of time.": 10, "sshd: authentication success.": 3,
	"sshd: insecure connection attempt (scan).": 6, "syslog: User authentication failure.": 5,
}

// judged is how bad an alert is, by what it says of itself; nothing of it is a label. Emerging Threats names the category of a rule
// first; Suricata's own rules tell of odd protocols.
func judged(name string) uint8 {
	if text, ok := strings.CutPrefix(name, "Wazuh: "); ok {
		return wazuh(text)
	}
	if text, ok := strings.CutPrefix(name, "Suricata: Alert - "); ok {
		return suricata(text)
	}
	return low // AMiner: unlike before, and no more is known
}

func wazuh(text string) uint8 {
	switch n, known := levels[text]; {
	case !known:
		return low
	case n >= 15:
		return critical
	case n >= 12:
		return high
	case n >= 7:
		return medium
	case n >= 4:
		return low
	}
	return informational
}

func suricata(text string) uint8 {
	for _, c := range [...]struct {
		prefix string
		is     uint8
	}{
		{"ET TROJAN", high}, {"ET MALWARE", high}, {"ET EXPLOIT", high}, {"ET ATTACK_RESPONSE", high}, {"ET WEB_SERVER", high},
		{"ET CURRENT_EVENTS", high}, {"ET PHISHING", high}, {"ET WEB_SPECIFIC_APPS", high},
		{"ET SCAN", medium}, {"ET DNS", medium}, {"ET HUNTING", low}, {"ET POLICY", low}, {"ET INFO", informational}, {"SURICATA", informational},
	} {
		if strings.HasPrefix(text, c.prefix) {
			return c.is
		}
	}
	return low
}

package parse

import "strings"

// browsers are programs by what they write into User-Agent, in the order in which they are looked for: others pretend to be those below.
var browsers = [...]struct{ token, name string }{{"Edg/", "Edge"}, {"Edge/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"HeadlessChrome/", "HeadlessChrome"},
	{"CriOS/", "Chrome Mobile iOS"}, {"FxiOS/", "Firefox iOS"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Trident/7.0; rv:", "IE"}, {"MSIE ", "IE"},
	{"curl/", "curl"}, {"Wget/", "Wget"}, {"python-requests/", "Python Requests"}, {"Go-http-client/", "Go-http-client"}, {"okhttp/", "okhttp"}, {"axios/", "axios"}, {"aws-cli/", "aws-cli"}, {"Microsoft SkyDriveSync ", "Microsoft SkyDriveSync"}}

// systems are those of machines by the same, with the versions that Windows calls otherwise.
var systems = [...]struct{ token, name, version string }{{"Windows NT 10.0", "Windows", "10"}, {"Windows NT 6.3", "Windows", "8.1"}, {"Windows NT 6.2", "Windows", "8"},
	{"Windows NT 6.1", "Windows", "7"}, {"Windows NT 6.0", "Windows", "Vista"}, {"Windows NT 5.1", "Windows", "XP"}, {"iPhone OS ", "iOS", ""}, {"CPU OS ", "iOS", ""},
	{"Mac OS X ", "Mac OS X", ""}, {"Android ", "Android", ""}, {"Ubuntu", "Ubuntu", ""}, {"CrOS ", "Chrome OS", ""}, {"Linux", "Linux", ""}, {"linux", "Linux", ""}}

// agent names the program, its system and its device in a User-Agent (RFC 9110 §10.1.5); Other where it is none of the usual ones.
func (r *Reader) agent() {
	m := &r.set.common
	text := r.made1(m.agent)
	if text == "" || r.made1(m.agentName) != "" {
		return
	}
	name, version := "Other", ""
	for _, b := range browsers {
		if i := strings.Index(text, b.token); i >= 0 {
			name, version = b.name, leadingNumber(text[i+len(b.token):])
			break
		}
	}
	if i := strings.Index(text, "Version/"); name == "Other" && i >= 0 && strings.Contains(text, "Safari/") {
		name, version = "Safari", leadingNumber(text[i+len("Version/"):])
	}
	r.add(m.agentName, name)
	r.add(m.agentVersion, threeNumbers(version))
	r.agentSystem(text)
}

func (r *Reader) agentSystem(text string) {
	m := &r.set.common
	device := "Other"
	switch {
	case strings.Contains(text, "iPhone"):
		device = "iPhone"
	case strings.Contains(text, "iPad"):
		device = "iPad"
	case strings.Contains(text, "Macintosh"):
		device = "Mac"
	}
	r.add(m.agentDevice, device)
	for _, s := range systems {
		i := strings.Index(text, s.token)
		if i < 0 {
			continue
		}
		version := s.version
		if version == "" {
			version = strings.ReplaceAll(leadingNumber(strings.ReplaceAll(text[i+len(s.token):min(len(text), i+len(s.token)+16)], "_", ".")), "_", ".")
		}
		r.add(m.agentOS, s.name)
		r.add(m.agentOSVersion, version)
		return
	}
	r.add(m.agentOS, "Other")
}

// threeNumbers is a version without what comes after its third number: what else tells users apart, not programs.
func threeNumbers(version string) string {
	dots := 0
	for i := range len(version) {
		if version[i] == '.' {
			if dots++; dots == 3 {
				return version[:i]
			}
		}
	}
	return strings.TrimRight(version, ".")
}

// leadingNumber is the digits and dots at the beginning of a text.
func leadingNumber(s string) string {
	n := 0
	for n < len(s) && ('0' <= s[n] && s[n] <= '9' || s[n] == '.') {
		n++
	}
	return s[:n]
}

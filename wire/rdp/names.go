package rdp

import "sort"

// VersionName is the version of the protocol that a client speaks.
func VersionName(v uint32) string {
	const newest = 0x00080011 // 10.12
	switch {
	case v == 0x00080001:
		return "v4"
	case v == 0x00080004:
		return "v5"
	case v >= 0x00080005 && v <= newest:
		return [...]string{"v10.0", "v10.1", "v10.2", "v10.3", "v10.4", "v10.5", "v10.6", "v10.7", "v10.8", "v10.9", "v10.10", "v10.11", "v10.12"}[v-0x00080005]
	}
	return "unknown"
}

type named struct {
	n    uint32
	name string
}

func find(list []named, n uint32) string {
	if i := sort.Search(len(list), func(i int) bool { return list[i].n >= n }); i < len(list) && list[i].n == n {
		return list[i].name
	}
	return "unknown"
}

// BuildName is the Windows of a build.
func BuildName(build uint32) string { return find(builds[:], build) }

var builds = [...]named{{528, "Windows NT 3.1"}, {807, "Windows NT 3.5"}, {1057, "Windows NT 3.51"}, {1381, "Windows NT 4.0"}, {2195, "Windows 2000"},
	{2600, "Windows XP"}, {3790, "Windows Server 2003"}, {6000, "Windows Vista RTM"}, {6001, "Windows Vista SP1"}, {6002, "Windows Vista SP2"},
	{7600, "Windows 7 RTM"}, {7601, "Windows 7 SP1"}, {9200, "Windows 8"}, {9600, "Windows 8.1"}, {10240, "Windows 10 TH1"}, {10586, "Windows 10 TH2"},
	{14393, "Windows 10 RS1"}, {15063, "Windows 10 RS2"}, {16299, "Windows 10 RS3"}, {17134, "Windows 10 RS4"}, {17763, "Windows 10 RS5"},
	{18362, "Windows 10 19H1"}, {18363, "Windows 10 19H2"}, {19041, "Windows 10 20H1"}, {19042, "Windows 10 20H2"}, {19043, "Windows 10 21H1"},
	{19044, "Windows 10 21H2"}, {19045, "Windows 10 22H2"}, {20348, "Windows Server 2022"}, {22000, "Windows 11 21H2"}, {22621, "Windows 11 22H2"},
	{22631, "Windows 11 23H2"}, {26100, "Windows 11 24H2"}}

// KeyboardName is the type of a keyboard.
func KeyboardName(n uint32) string {
	if n < 1 || n > 7 {
		return ""
	}
	return [...]string{"xt", "ico", "at", "enhanced", "1050", "9140", "jp"}[n-1]
}

// ConnectionName is how a client says that it is connected.
func ConnectionName(n uint8) string {
	if n < 1 || n > 7 {
		return ""
	}
	return [...]string{"modem", "low_broadband", "satellite", "high_broadband", "wan", "lan", "autodetect"}[n-1]
}

// Capabilities are the names of the early capability flags, by their bits ([MS-RDPBCGR] §2.2.1.3.2). One without a name is not told.
var Capabilities = [...]string{"support_errinfo_pdf", "want_32bpp_session", "support_statusinfo_pdu", "strong_asymmetric_keys", "",
	"valid_connection_type", "support_monitor_layout_pdu", "support_netchar_autodetect", "support_dynvc_gfx_protocol", "support_dynamic_time_zone",
	"support_heartbeat_pdu"}

// LayoutName is the locale of a keyboard layout ([MS-LCID] §2.2), of those that are met.
func LayoutName(lcid uint32) string { return find(layouts[:], lcid) }

var layouts = [...]named{
	{0x0401, "ar-SA"}, {0x0402, "bg-BG"}, {0x0403, "ca-ES"}, {0x0404, "zh-TW"}, {0x0405, "cs-CZ"}, {0x0406, "da-DK"}, {0x0407, "de-DE"},
	{0x0408, "el-GR"}, {0x0409, "en-US"}, {0x040A, "es-ES_tradnl"}, {0x040B, "fi-FI"}, {0x040C, "fr-FR"}, {0x040D, "he-IL"}, {0x040E, "hu-HU"},
	{0x040F, "is-IS"}, {0x0410, "it-IT"}, {0x0411, "ja-JP"}, {0x0412, "ko-KR"}, {0x0413, "nl-NL"}, {0x0414, "nb-NO"}, {0x0415, "pl-PL"},
	{0x0416, "pt-BR"}, {0x0417, "rm-CH"}, {0x0418, "ro-RO"}, {0x0419, "ru-RU"}, {0x041A, "hr-HR"}, {0x041B, "sk-SK"}, {0x041C, "sq-AL"},
	{0x041D, "sv-SE"}, {0x041E, "th-TH"}, {0x041F, "tr-TR"}, {0x0420, "ur-PK"}, {0x0421, "id-ID"}, {0x0422, "uk-UA"}, {0x0423, "be-BY"},
	{0x0424, "sl-SI"}, {0x0425, "et-EE"}, {0x0426, "lv-LV"}, {0x0427, "lt-LT"}, {0x0428, "tg-Cyrl-TJ"}, {0x0429, "fa-IR"}, {0x042A, "vi-VN"},
	{0x042B, "hy-AM"}, {0x042C, "az-Latn-AZ"}, {0x042D, "eu-ES"}, {0x042E, "hsb-DE"}, {0x042F, "mk-MK"}, {0x0436, "af-ZA"}, {0x0437, "ka-GE"},
	{0x0438, "fo-FO"}, {0x0439, "hi-IN"}, {0x043A, "mt-MT"}, {0x043B, "se-NO"}, {0x043E, "ms-MY"}, {0x043F, "kk-KZ"}, {0x0440, "ky-KG"},
	{0x0441, "sw-KE"}, {0x0443, "uz-Latn-UZ"}, {0x0444, "tt-RU"}, {0x0445, "bn-IN"}, {0x0446, "pa-IN"}, {0x0447, "gu-IN"}, {0x0449, "ta-IN"},
	{0x044A, "te-IN"}, {0x044B, "kn-IN"}, {0x044C, "ml-IN"}, {0x044E, "mr-IN"}, {0x0450, "mn-MN"}, {0x0452, "cy-GB"}, {0x0453, "km-KH"},
	{0x0454, "lo-LA"}, {0x0455, "my-MM"}, {0x0456, "gl-ES"}, {0x045B, "si-LK"}, {0x045E, "am-ET"}, {0x0461, "ne-NP"}, {0x0462, "fy-NL"},
	{0x0463, "ps-AF"}, {0x046E, "lb-LU"}, {0x0481, "mi-NZ"}, {0x0801, "ar-IQ"}, {0x0804, "zh-CN"}, {0x0807, "de-CH"}, {0x0809, "en-GB"},
	{0x080A, "es-MX"}, {0x080C, "fr-BE"}, {0x0810, "it-CH"}, {0x0813, "nl-BE"}, {0x0814, "nn-NO"}, {0x0816, "pt-PT"}, {0x0818, "ro-MD"},
	{0x0819, "ru-MD"}, {0x081A, "sr-Latn-CS"}, {0x081D, "sv-FI"}, {0x083B, "se-SE"}, {0x083C, "ga-IE"}, {0x083E, "ms-BN"}, {0x0845, "bn-BD"},
	{0x0C01, "ar-EG"}, {0x0C04, "zh-HK"}, {0x0C07, "de-AT"}, {0x0C09, "en-AU"}, {0x0C0A, "es-ES"}, {0x0C0C, "fr-CA"}, {0x0C1A, "sr-Cyrl-CS"},
	{0x1001, "ar-LY"}, {0x1004, "zh-SG"}, {0x1007, "de-LU"}, {0x1009, "en-CA"}, {0x100A, "es-GT"}, {0x100C, "fr-CH"}, {0x101A, "hr-BA"},
	{0x1401, "ar-DZ"}, {0x1404, "zh-MO"}, {0x1407, "de-LI"}, {0x1409, "en-NZ"}, {0x140A, "es-CR"}, {0x140C, "fr-LU"}, {0x141A, "bs-Latn-BA"},
	{0x1801, "ar-MA"}, {0x1809, "en-IE"}, {0x180A, "es-PA"}, {0x180C, "fr-MC"}, {0x181A, "sr-Latn-BA"}, {0x1C01, "ar-TN"}, {0x1C09, "en-ZA"},
	{0x1C0A, "es-DO"}, {0x2001, "ar-OM"}, {0x2009, "en-JM"}, {0x200A, "es-VE"}, {0x200C, "fr-RE"}, {0x2401, "ar-YE"}, {0x240A, "es-CO"},
	{0x241A, "sr-Latn-RS"}, {0x2801, "ar-SY"}, {0x280A, "es-PE"}, {0x281A, "sr-Cyrl-RS"}, {0x2C01, "ar-JO"}, {0x2C0A, "es-AR"}, {0x3001, "ar-LB"},
	{0x300A, "es-EC"}, {0x3401, "ar-KW"}, {0x3409, "en-PH"}, {0x340A, "es-CL"}, {0x3801, "ar-AE"}, {0x380A, "es-UY"}, {0x4001, "ar-QA"},
	{0x4009, "en-IN"}, {0x400A, "es-BO"}, {0x4409, "en-MY"}, {0x4809, "en-SG"}, {0x500A, "es-PR"}, {0x540A, "es-US"},
}

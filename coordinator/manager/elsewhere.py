"""Actions that Asterisk has and this manager refuses: they are about one box, not about the line.

Names as Asterisk's main/, apps/, res/ and channels/ register them.
"""

#: In small letters.
ASTERISK = frozenset(
    """
    AbsoluteTimeout AgentLogoff Agents AGI AOCMessage Atxfer BlindTransfer Bridge
    BridgeDestroy BridgeInfo BridgeKick BridgeList BridgeTechnologyList
    BridgeTechnologySuspend BridgeTechnologyUnsuspend CancelAtxfer ChangeMonitor Command
    ConfbridgeKick ConfbridgeList ConfbridgeListRooms ConfbridgeLock ConfbridgeMute
    ConfbridgeSetSingleVideoSrc ConfbridgeStartRecord ConfbridgeStopRecord ConfbridgeUnlock
    ConfbridgeUnmute ControlPlayback CoreSettings CoreShowChannelMap CoreShowChannels
    CoreStatus CreateConfig DAHDIDialOffhook DAHDIDNDoff DAHDIDNDon DAHDIHangup DAHDIRestart
    DAHDIShowChannels DAHDIShowStatus DAHDITransfer DBDel DBDelTree DBGet DBGetTree DBPut
    DeviceStateList DialplanExtensionAdd DialplanExtensionRemove ExtensionState
    ExtensionStateList FAXSession FAXSessions FAXStats Filter GetConfig GetConfigJSON Getvar
    Hangup IAXnetstats IAXpeerlist IAXpeers IAXregistry JabberSend ListCategories
    LocalOptimizeAway LoggerRotate MailboxCount MailboxStatus MeetmeList MeetmeListRooms
    MeetmeMute MeetmeUnmute MessageSend MixMonitor MixMonitorMute ModuleCheck ModuleLoad
    Monitor MuteAudio MWIDelete MWIGet MWIUpdate Originate Park ParkedCalls Parkinglots
    PauseMonitor PJSIPNotify PJSIPQualify PJSIPRegister PJSIPSetMaintenance PJSIPShowAors
    PJSIPShowAuths PJSIPShowContacts PJSIPShowEndpoint PJSIPShowEndpoints
    PJSIPShowMaintenance PJSIPShowRegistrationInboundContactStatuses
    PJSIPShowRegistrationsInbound PJSIPShowRegistrationsOutbound PJSIPShowResourceLists
    PJSIPShowSubscriptionsInbound PJSIPShowSubscriptionsOutbound PJSIPUnregister PlayDTMF
    PlayMF PresenceState PresenceStateList PRIDebugFileSet PRIDebugFileUnset PRIDebugSet
    PRIShowSpans QueueReload Redirect Reload SendFlash SendText Setvar ShowDialPlan
    SIPnotify SIPpeers SIPpeerstatus SIPqualifypeer SIPshowpeer SIPshowregistry
    SorceryMemoryCacheExpire SorceryMemoryCacheExpireObject SorceryMemoryCachePopulate
    SorceryMemoryCacheStale SorceryMemoryCacheStaleObject Status StopMixMonitor StopMonitor
    UnpauseMonitor UpdateConfig UserEvent VoicemailBoxSummary VoicemailForward VoicemailMove
    VoicemailRefresh VoicemailRemove VoicemailUsersList VoicemailUserStatus WaitEvent
    """.lower().split()
)

//! Every message that the standard names (IPC-CFX 2.1, by its namespaces): taken without an error,
//! whatever its kind, in every form that messages travel in. Only the names are the standard's; the
//! bodies are made up.

use super::*;
use std::io::Write;

/// Namespaces with the messages in them.
const MESSAGES: [(&str, &str); 28] = [
    (
        "CFX",
        "AreYouThereRequest AreYouThereResponse EndpointConnected EndpointShuttingDown \
         GetEndpointInformationRequest GetEndpointInformationResponse Heartbeat \
         NotSupportedResponse WhoIsThereRequest WhoIsThereResponse",
    ),
    ("CFX.InformationSystem.DataTransfer", "FileTransferRequest FileTransferResponse"),
    (
        "CFX.InformationSystem.OperatorValidation",
        "ValidateOperatorRequest ValidateOperatorResponse",
    ),
    ("CFX.InformationSystem.ProductionScheduling", "WorkOrdersScheduled WorkOrdersUnscheduled"),
    ("CFX.InformationSystem.TopicValidation", "ValidateTopicRequest ValidateTopicResponse"),
    ("CFX.InformationSystem.UnitValidation", "ValidateUnitsRequest ValidateUnitsResponse"),
    (
        "CFX.InformationSystem.WorkOrderManagement",
        "WorkOrderQuantityUpdated WorkOrderStatusUpdated WorkOrdersCreated WorkOrdersDeleted \
         WorkOrdersUpdated",
    ),
    (
        "CFX.Maintenance",
        "GetResourceInformationRequest GetResourceInformationResponse \
         GetResourceMaintenanceAndServiceRequest GetResourceMaintenanceAndServiceResponse \
         GetResourceMaintenanceStatusRequest GetResourceMaintenanceStatusResponse \
         GetResourceSetupRequest GetResourceSetupResponse ResourceInformationEvent \
         ResourceMaintenanceAndServiceEvent ResourceMaintenanceStatusEvent ResourceSetupEvent",
    ),
    (
        "CFX.Materials.Management",
        "BlockMaterialsRequest BlockMaterialsResponse GetMaterialInformationRequest \
         GetMaterialInformationResponse MaterialsChainSplit MaterialsConsumed \
         MaterialsInitialized MaterialsJoined MaterialsModified MaterialsRetired \
         MaterialsSplit UnblockMaterialsRequest UnblockMaterialsResponse",
    ),
    (
        "CFX.Materials.Management.MSDManagement",
        "MaterialsExpired MaterialsOpened MaterialsPlacedInDryStorage \
         MaterialsRemovedFromDryStorage MaterialsRestored",
    ),
    (
        "CFX.Materials.Storage",
        "GetLoadedMaterialsRequest GetLoadedMaterialsResponse MaterialCarriersLoaded \
         MaterialCarriersUnloaded MaterialsEmpty MaterialsLoaded MaterialsUnloaded \
         SplicePointDetected ValidateStationSetupRequest ValidateStationSetupResponse",
    ),
    (
        "CFX.Materials.Transport",
        "CheckpointReached CreateTransportOrderRequest CreateTransportOrderResponse \
         GetTransportOrderStatusRequest GetTransportOrderStatusResponse StartTransferRequest \
         StartTransferResponse TransportOrderCompleted TransportOrderStarted \
         TransportOrderStatusChanged",
    ),
    (
        "CFX.Production",
        "ActivateRecipeRequest ActivateRecipeResponse ActivitiesExecuted \
         BlockMaterialLocationsRequest BlockMaterialLocationsResponse GetActiveRecipeRequest \
         GetActiveRecipeResponse GetAvailableRecipesRequest GetAvailableRecipesResponse \
         GetRecipeRequest GetRecipeResponse GetRequiredSetupRequest GetRequiredSetupResponse \
         GetUnitInfoRequest GetUnitInfoResponse LocalRecipeChanged LockStationRequest \
         LockStationResponse OperatorActivated OperatorDeactivated ReadingsRecorded \
         RecipeActivated RecipeDeactivated RecipeModified SetupRequirementsChanged \
         ToolsCleaned ToolsLoaded ToolsUnloaded ToolsUsed UnblockMaterialLocationsRequest \
         UnblockMaterialLocationsResponse UnitsArrived UnitsDeparted UnitsDisqualified \
         UnitsInitialized UnlockStationRequest UnlockStationResponse UpdateRecipeRequest \
         UpdateRecipeResponse WorkCompleted WorkOrderActionExecuted WorkStageCompleted \
         WorkStagePaused WorkStageResumed WorkStageStarted WorkStarted",
    ),
    ("CFX.Production.Application", "MaterialsApplied MaterialsUnapplied"),
    ("CFX.Production.Application.Solder", "PCBSelectiveSoldered"),
    ("CFX.Production.Assembly", "MaterialsInstalled MaterialsUninstalled UnitsPersonalized"),
    (
        "CFX.Production.Assembly.PressInsertion",
        "ConditionCompleted GetConditionPermissionRequest GetConditionPermissionResponse",
    ),
    (
        "CFX.Production.Hermes",
        "GetMagazineDataRequest GetMagazineDataResponse GetWorkOrderDataRequest \
         GetWorkOrderDataResponse MagazineArrived MagazineDeparted",
    ),
    ("CFX.Production.LoadingAndUnloading", "UnitsLoaded UnitsUnloaded"),
    ("CFX.Production.Processing", "UnitsProcessed"),
    ("CFX.Production.ReworkAndRepair", "UnitsRepaired"),
    (
        "CFX.Production.TestAndInspection",
        "GetInspectionInfoRequest GetInspectionInfoResponse UnitsInspected UnitsTested",
    ),
    (
        "CFX.ResourcePerformance",
        "CalibrationPerformed ChangeSleepStateRequest ChangeSleepStateResponse EnergyConsumed \
         EnergyConsumptionRequest EnergyConsumptionResponse FaultAcknowledged FaultCleared \
         FaultOccurred GetActiveFaultsRequest GetActiveFaultsResponse HandleFaultRequest \
         HandleFaultResponse LogEntryRecorded MaintenancePerformed \
         ModifyStationParametersRequest ModifyStationParametersResponse ProcessDataRecorded \
         SleepStateChanged StageStateChanged StationOffline StationOnline \
         StationParametersModified StationStateChanged ToolChanged",
    ),
    ("CFX.ResourcePerformance.PressInsertion", "ComponentsPressed"),
    ("CFX.ResourcePerformance.SMTPlacement", "ComponentsPlaced"),
    (
        "CFX.ResourcePerformance.SolderPastePrinting",
        "CleanSqueegeeRequest CleanSqueegeeResponse CleanStencilRequest CleanStencilResponse \
         SqueegeeCleaned StencilCleaned",
    ),
    ("CFX.ResourcePerformance.THTInsertion", "ComponentsInserted"),
    (
        "CFX.Sensor.Identification",
        "IdentifiersNotRead IdentifiersRead IdentifyUnitsRequest IdentifyUnitsResponse",
    ),
];

fn names() -> Vec<String> {
    let of = |(space, names): &(&str, &str)| -> Vec<String> {
        names.split_whitespace().map(|name| format!("{space}.{name}")).collect()
    };
    MESSAGES.iter().flat_map(of).collect()
}

/// A body with what many messages share, and with members that no standard knows.
fn body(name: &str, class: bool) -> String {
    let class = if class { format!(r#""$type":"{name}, CFX","#) } else { String::new() };
    let own = match name.rsplit('.').next().unwrap() {
        "UnitsInspected" => {
            r#""InspectionMethod":"AOI","InspectedUnits":[{"UnitIdentifier":"U1"}],"#
        }
        "UnitsProcessed" => {
            r#""CommonProcessData":{"$type":"CFX.Structures.SolderReflow.ReflowProcessData, CFX"},"#
        }
        "UnitsRepaired" => r#""RepairedUnits":[{"UnitIdentifier":"U1"}],"#,
        _ => "",
    };
    format!(
        r#"{{{class}{own}"TransactionID":"2d6c","PrimaryIdentifier":"PNL1","Lane":2,"UnitCount":1,
"Units":[{{"UnitIdentifier":"PNL1","PositionNumber":9007199254740993,"X":1.5E+2}}],
"Metadata":{{"maker":[1,null,true,"\u00e9"]}},"Reason":null}}"#
    )
}

fn envelope(name: &str, class: bool) -> String {
    let body = body(name, class);
    format!(
        r#"{{"MessageName":"{name}","Version":"2.1","TimeStamp":"2026-03-02T08:15:30.1234567+08:00",
"UniqueID":"6f1c1f0e-6c1b-4c65-9d0a-4c7f5e0a9b11","Source":"LINE1.STATION7","Target":null,
"RequestID":null,"MessageBody":{body},"Extension":[]}}"#
    )
}

fn kind(name: &str) -> Kind {
    match name {
        "CFX.Production.TestAndInspection.UnitsInspected" => Kind::AoiReport,
        "CFX.Production.Processing.UnitsProcessed" => Kind::OvenData,
        "CFX.Production.ReworkAndRepair.UnitsRepaired"
        | "CFX.Production.TestAndInspection.UnitsRepaired" => Kind::Repair,
        _ => Kind::Attachment,
    }
}

fn text<'r>(reading: &'r Reading, name: &str) -> Option<&'r str> {
    reading.values.get(name).map(|value| std::str::from_utf8(value).unwrap())
}

#[test]
fn every_message_is_taken_in_its_envelope_with_and_without_its_class() {
    assert!(names().len() > 100);
    for name in names() {
        for class in [true, false] {
            let message = envelope(&name, class);
            let readings = read(message.as_bytes());
            let [reading] = readings.as_slice() else { panic!("{name}: {readings:?}") };
            assert!(reading.recognised, "{name}: {}", reading.interpreted);
            assert_eq!(
                (reading.kind, &reading.range),
                (kind(&name), &(0..message.len())),
                "{name}"
            );
            assert_eq!(text(reading, "message"), Some(name.as_str()));
            assert_eq!(text(reading, "machine"), Some("LINE1.STATION7"));
            assert_eq!(text(reading, "claimed/start"), Some("2026-03-02T08:15:30.1234567+08:00"));
            assert_eq!(text(reading, "claimed/zone"), Some("+08:00"));
            assert_eq!(reading.links.machine.as_deref(), Some("LINE1.STATION7"));
            if reading.kind == Kind::Attachment {
                assert!(reading.interpreted.ends_with(" cfx-envelope 2.1 kept as it is"));
                assert_eq!(text(reading, "unit/positions"), Some("9007199254740993\n"));
                assert_eq!(reading.links.board.as_deref(), Some("PNL1"));
                assert_eq!(reading.links.lane.as_deref(), Some("2"));
            }
        }
    }
}

#[test]
fn every_message_is_taken_bare_if_it_names_its_class() {
    for name in names() {
        let readings = read(body(&name, true).as_bytes());
        assert_eq!(readings.len(), 1);
        assert!(readings[0].recognised, "{name}: {}", readings[0].interpreted);
        assert_eq!((readings[0].kind, text(&readings[0], "message")), (kind(&name), Some(&*name)));
    }
}

#[test]
fn all_messages_in_one_array_are_a_record_each_of_exactly_their_bytes() {
    let messages: Vec<String> = names().iter().map(|name| envelope(name, true)).collect();
    let array = format!("\u{feff} [\r\n{}\n]\n", messages.join(" ,\n"));
    let mut lines = messages.iter().map(|each| each.replace('\n', " ")).collect::<Vec<_>>();
    for (bytes, want) in [(array, messages), (lines.join("\n"), lines.split_off(0))] {
        let readings = read(bytes.as_bytes());
        assert_eq!(readings.len(), want.len());
        for (reading, message) in readings.iter().zip(&want) {
            assert_eq!(reading.exact(bytes.as_bytes()), message.as_bytes());
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(bytes.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let unpacked = read(&packed);
        assert_eq!(unpacked.len(), want.len());
        for (reading, message) in unpacked.iter().zip(&want) {
            assert_eq!(reading.exact(&packed), message.as_bytes());
            let sha256 = Hash::of(&packed).to_hex();
            assert_eq!(text(reading, "received/sha256"), Some(sha256.as_str()));
            assert_eq!(text(reading, "received/size"), Some(packed.len().to_string().as_str()));
        }
    }
}

#[test]
fn a_message_that_no_standard_names_is_kept_as_well() {
    for name in ["Maker.Own.Message", "CFX.Production.UnitsTeleported", "", "."] {
        let message = format!(r#"{{"MessageName":"{name}","MessageBody":{{"a":[]}}}}"#);
        let readings = read(message.as_bytes());
        assert!(readings[0].recognised, "{name}: {}", readings[0].interpreted);
        assert_eq!(text(&readings[0], "message"), Some(name));
    }
    for body in ["null", "[]", "7", "{}"] {
        let message = format!(r#"{{"MessageName":"CFX.Heartbeat","MessageBody":{body}}}"#);
        assert!(read(message.as_bytes())[0].recognised, "{body}");
    }
    assert!(read(br#"{"MessageName":"CFX.Heartbeat"}"#)[0].recognised);
}

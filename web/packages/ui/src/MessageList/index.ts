export {
  MessageList,
  type MessageListCallbacks,
  type MessageListHandle,
  type MessageListProps,
} from "./MessageList.tsx";

/**
 * What is used of React, imported in one place: bundlers that leave React out write one import instead of one for each file.
 */
export {
  createContext,
  createElement,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
